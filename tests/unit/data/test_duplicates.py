import random
from itertools import permutations

import numpy as np
import pytest
from conftest import draw
from PIL import Image

from ocr.data.duplicates import MANY, duplicate_groups, near_pairs, perceptual_hash
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Sample


def look(image: Image.Image) -> int:
    return perceptual_hash(Preprocessor(32).decode(image))


def distance(a: int, b: int) -> int:
    return (a ^ b).bit_count()


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
def test_a_changed_copy_looks_the_same(changed):
    assert distance(look(TEXT), look(changed)) <= 12


def test_other_texts_look_different():
    other = noisy(draw("X9Y8Z7", (120, 24)).resize((240, 48)), 20)
    assert distance(look(TEXT), look(other)) > 40


def test_a_look_fits_colour_and_tiny_images():
    assert perceptual_hash(np.full((3, 4, 4), 7, np.uint8)) == 0
    assert perceptual_hash(np.array([[[0, 200, 0, 200]]], np.uint8)) > 0


def sample(name: str, text="x", digest=0, look=0, group="", group_digest=0) -> Sample:
    return Sample(name, text, digest, 10, group, group_digest, look)


def test_families_follow_from_content():
    bits = random.Random(0).getrandbits(256)
    far = bits ^ ((1 << 200) - 1)
    samples = [
        sample("a", digest=50, look=bits),
        sample("the same file", digest=50, look=bits),
        sample("nearly a", digest=30, look=bits ^ 0b111),
        sample("another caption", "y", digest=20, look=bits),
        sample("another look", digest=10, look=far),
    ]
    assert duplicate_groups(samples) == [30, 30, 30, 20, 10]
    assert duplicate_groups(samples[::-1]) == [10, 20, 30, 30, 30]


def test_a_family_does_not_depend_on_the_order():
    middle = random.Random(0).getrandbits(256)
    shots = [
        sample("a", digest=1, look=middle ^ ((1 << 10) - 1)),
        sample("b", digest=2, look=middle ^ (((1 << 10) - 1) << 10)),  # 20 bits from a
        sample("c", digest=3, look=middle),
    ]
    for order in permutations(shots):
        assert duplicate_groups(order) == [1, 1, 1]


def test_a_group_stays_together_with_all_its_duplicates():
    samples = [
        sample("a", digest=5, group="car", group_digest=7),
        sample("b", "y", digest=6, group="car", group_digest=7),
        sample("copy of b", "y", digest=6),
        sample("c", digest=9),
    ]
    numbers = duplicate_groups(samples)
    assert len({*numbers[:3]}) == 1 and numbers[3] == 9


def test_without_looks_there_are_no_near_pairs():
    assert list(near_pairs([sample(str(i), digest=i) for i in range(3)])) == []


def test_a_caption_of_very_many_images_is_a_kind_and_not_a_duplicate():
    samples = [sample(str(i), digest=i, look=5) for i in range(MANY + 1)]
    assert duplicate_groups(samples) == list(range(MANY + 1))
    assert set(duplicate_groups(samples[:MANY])) == {0}
