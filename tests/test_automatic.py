"""What is chosen by the data."""

from types import SimpleNamespace

import pytest
from conftest import config

from ocr.automatic import settle
from ocr.data.lookalikes import Lookalikes
from ocr.data.sources import Sample


def data(width: int, text: str, count: int = 100):
    return SimpleNamespace(
        parts={"train": [Sample(str(i), text, i, width) for i in range(count)]},
        lookalikes=Lookalikes(0),
    )


@pytest.mark.parametrize(
    "width,text,stride",
    [
        (200, "ABCDE", 4),
        (60, "ABCDEFGHIJ", 4),  # 6 pixels a character
        (59, "ABCDEFGHIJ", 2),
        (59, "AAAAAAAAAA", 2),  # 19 steps
        (50, "AAAAAAAAAA", 1),
        (5, "ABCDEFGHIJ", 1),
    ],
)
def test_the_stride_gives_ctc_room(width, text, stride):
    chosen = config()
    settle(chosen, data(width, text))
    assert chosen.model.encoder.stride == stride


def test_a_few_long_captions_do_not_decide():
    many = data(200, "ABCDE", 100)
    many.parts["train"][0] = Sample("long", "A" * 90, 0, 200)
    chosen = config()
    settle(chosen, many)
    assert chosen.encoder.stride == 4


@pytest.mark.parametrize("count,epochs", [(50, 60), (720, 50), (1800, 20), (50_000, 12)])
def test_small_sets_are_gone_through_more_often(count, epochs):
    chosen = config()
    settle(chosen, data(200, "ABCDE", count))
    assert chosen.trainer.max_epochs == epochs


@pytest.mark.parametrize("count,share", [(50, 0.5), (50_000, 0)])
def test_only_small_sets_get_look_alikes(count, share):
    chosen, found = config(), data(200, "ABCDE", count)
    settle(chosen, found)
    assert chosen.data.lookalikes == found.lookalikes.share == share


def test_what_is_given_stays():
    chosen = config("encoder.stride=8", "trainer.max_epochs=3", "data.lookalikes=0.25")
    found = data(200, "ABCDE")
    settle(chosen, found)
    assert (chosen.encoder.stride, chosen.trainer.max_epochs) == (8, 3)
    assert found.lookalikes.share == 0  # the data module has it from the config
