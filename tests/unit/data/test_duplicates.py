import random
from itertools import permutations

import numpy as np
import pytest
from conftest import draw
from PIL import Image

from ocr.data.duplicates import (
    MAX_SAME_CAPTION,
    duplicate_groups,
    near_pairs,
    perceptual_hash,
)
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import HASH_WORDS, Sample, Samples


def hashed(image: Image.Image) -> np.ndarray:
    return perceptual_hash(Preprocessor(32).decode(image))


def distance(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(a ^ b).sum())


def noisy(image: Image.Image, spread: float) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, spread, image.size[::-1])
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


TEXT = noisy(draw("A1B2C3", (120, 24)).resize((240, 48)), 20)


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.resize((200, 40)),
        TEXT.point(lambda v: v * 0.7 + 30),
        noisy(TEXT, 8),
        TEXT.convert("RGB"),
    ],
)
def test_a_changed_copy_has_a_similar_hash(changed):
    assert distance(hashed(TEXT), hashed(changed)) <= 12


def test_other_texts_have_different_hashes():
    other = noisy(draw("X9Y8Z7", (120, 24)).resize((240, 48)), 20)
    assert distance(hashed(TEXT), hashed(other)) > 40


def test_colour_and_tiny_images_have_hashes():
    assert perceptual_hash(np.full((3, 4, 4), 7, np.uint8)).sum() == 0
    assert perceptual_hash(np.array([[[0, 200, 0, 200]]], np.uint8)).sum() > 0


def table(*rows: tuple[str, str, int, int]) -> Samples:
    """Samples of (caption, group, digest, perceptual hash)."""
    samples = Samples.from_rows(
        Sample(str(i), text, digest, 10, group) for i, (text, group, digest, _) in enumerate(rows)
    )
    for words, (*_, bits) in zip(samples.hashes, rows, strict=True):
        words[:] = [bits >> (64 * i) & (2**64 - 1) for i in range(HASH_WORDS)]
    return samples


def groups(samples: Samples) -> list[int]:
    return duplicate_groups(samples, 0).tolist()


def test_groups_depend_on_the_content():
    bits = random.Random(0).getrandbits(256)
    far = bits ^ ((1 << 200) - 1)
    samples = table(
        ("x", "", 50, bits),
        ("x", "", 50, bits),  # the same file
        ("x", "", 30, bits ^ 0b111),  # nearly the same
        ("y", "", 20, bits),  # another caption
        ("x", "", 10, far),  # another picture
    )
    assert groups(samples) == [30, 30, 30, 20, 10]
    assert groups(samples.take([4, 3, 2, 1, 0])) == [10, 20, 30, 30, 30]


def test_a_group_does_not_depend_on_the_order():
    middle = random.Random(0).getrandbits(256)
    shots = (
        ("x", "", 1, middle ^ ((1 << 10) - 1)),
        ("x", "", 2, middle ^ (((1 << 10) - 1) << 10)),  # 20 bits from the first
        ("x", "", 3, middle),
    )
    for order in permutations(shots):
        assert groups(table(*order)) == [1, 1, 1]


def test_a_group_stays_together_with_all_its_duplicates():
    samples = table(
        ("x", "car", 5, 0),
        ("y", "car", 6, 0),
        ("y", "", 6, 0),  # a copy of it
        ("x", "", 9, 0),
    )
    numbers = groups(samples)
    assert len({*numbers[:3]}) == 1 and numbers[3] == 9


def test_without_hashes_there_are_no_near_pairs():
    assert near_pairs(table(*(("x", "", i, 0) for i in range(3)))).tolist() == []


def test_near_pairs_name_the_earlier_image_first():
    bits = random.Random(0).getrandbits(256)
    samples = table(("a", "", 1, bits), ("b", "", 2, bits), ("b", "", 3, bits), ("a", "", 4, bits))
    assert near_pairs(samples).tolist() == [[1, 2], [0, 3]]


def test_a_caption_of_very_many_images_has_no_near_duplicates():
    count = MAX_SAME_CAPTION + 1
    samples = table(*(("x", "", i, 5) for i in range(count)))
    assert groups(samples) == list(range(count))
    assert set(groups(samples.take(range(count - 1)))) == {0}
