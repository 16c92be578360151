"""predictions.csv."""

from types import SimpleNamespace

import pytest

from ocr.callbacks.predictions import Predictions
from ocr.data.manifest import read_predictions
from ocr.data.samples import Sample
from ocr.models.reading import Reading


@pytest.mark.parametrize("order,reading", [("rtl", "א 3 b"), ("visual", "א b 3")])
def test_a_reading_that_looks_like_the_caption_is_written_as_the_caption(tmp_path, order, reading):
    data = SimpleNamespace(samples=[Sample("a.png", "א 3 b")])
    trainer = SimpleNamespace(
        world_size=1, test_dataloaders=SimpleNamespace(sampler=[0], dataset=data)
    )
    predictions = Predictions(str(tmp_path))
    predictions.on_test_batch_end(trainer, None, {"readings": [Reading("א b 3", 0.5)]}, None, 0)
    predictions.on_test_end(trainer, SimpleNamespace(charset=SimpleNamespace(order=order)))
    assert read_predictions(tmp_path) == [("a.png", "א 3 b", reading, 0.5)]
