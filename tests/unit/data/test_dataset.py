from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import draw
from torch.utils.data import DataLoader

from ocr.data.collate import collate
from ocr.data.dataset import CaptionedImages
from ocr.data.images.cache import ImageCache
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Sample, Samples
from ocr.data.text.charset import Charset
from ocr.errors import UserError

TEXTS = {"12": 40, "3": 20, "312": 60}  # and their images' widths


@pytest.fixture
def samples(tmp_path) -> list[Sample]:
    for text, width in TEXTS.items():
        draw(text, (width, 24)).save(tmp_path / f"{text}.png")
    return [Sample(str(tmp_path / f"{text}.png"), text) for text in TEXTS]


def images(samples: list[Sample], cache_mb: float = 1, channels: int = 1) -> CaptionedImages:
    preprocessor = Preprocessor(24, channels=channels)
    return CaptionedImages(
        Samples.from_rows(samples), preprocessor, Charset("123"), ImageCache(cache_mb)
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_an_item_is_an_image_its_caption_ids_and_its_index(samples, channels):
    dataset = images(samples, channels=channels)
    assert len(dataset) == 3
    image, ids, index = dataset[2]
    assert image.shape == (channels, 24, 60)
    assert image.dtype == np.uint8
    assert ids == [3, 1, 2]
    assert index == 2
    assert np.array_equal(image, dataset.preprocessor.decode(samples[2].name))


def test_a_cached_image_is_not_decoded_again(samples):
    dataset = images(samples)
    before = dataset.image(0)
    Path(samples[0].name).unlink()
    assert np.array_equal(dataset.image(0), before)


def test_an_image_without_room_in_the_cache_is_decoded_again(samples):
    dataset = images(samples, cache_mb=0)
    before = dataset.image(0)
    assert np.array_equal(dataset.image(0), before)
    Path(samples[0].name).write_bytes(b"no image")
    with pytest.raises(UserError, match=r"12\.png"):
        dataset.image(0)


def test_a_batch_holds_images_widths_and_captions(samples):
    dataset = images(samples)
    batch = collate([dataset[i] for i in range(3)])
    assert batch.images.shape == (3, 1, 24, 60)
    assert batch.images.dtype == torch.uint8
    assert batch.widths.tolist() == [40, 20, 60]
    assert batch.targets.tolist() == [1, 2, 3, 3, 1, 2]
    assert batch.target_lengths.tolist() == [2, 1, 3]
    assert np.array_equal(batch.images[1, ..., :20], dataset.image(1))
    assert batch.images[1, ..., 20:].max() == 0


def test_worker_processes_load_the_same_batch(samples):
    dataset = images(samples, cache_mb=0)
    (here,) = DataLoader(dataset, 3, collate_fn=collate)
    (there,) = DataLoader(dataset, 3, collate_fn=collate, num_workers=1)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(here, there, strict=True))
