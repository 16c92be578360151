from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.data.duplicates import content_digest
from ocr.data.images.cache import ImageCache
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.parallel import MAX_SERIAL
from ocr.data.samples import Sample, Samples, Skipped, SkipReason
from ocr.data.scan import Scanner, drop_conflicts, unusable

KIB = 2**-10  # in the cache's MiB


@pytest.fixture
def place(tmp_path):
    """Makes an image file for a number, and its sample; equal numbers give equal images."""

    def make(name: str, number: int, text: str | None = None, width: int = 32) -> Sample:
        pixels = np.random.default_rng(number).integers(0, 256, (16, width))
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name)
        return Sample(str(tmp_path / name), Path(name).stem if text is None else text)

    return make


def look(*samples: Sample, height: int = 16) -> list[Sample | Skipped]:
    """Scan samples; return those that are kept and those that are skipped."""
    table = Samples.from_rows(samples)
    table, unreadable = Scanner(Preprocessor(height), ImageCache(1), 0).scan(table)
    table, conflicts = drop_conflicts(table)
    return [*table, *unreadable, *conflicts]


def test_a_readable_image_has_a_digest_and_a_width(place):
    sample = place("a.png", 0, width=40)
    (looked,) = look(sample, height=8)
    assert (looked.name, looked.text) == (sample.name, "a")
    assert looked.width == 20
    assert looked.digest == content_digest(Path(sample.name).read_bytes(), 0)


def test_an_empty_caption_is_skipped():
    assert unusable(Sample("a.png", "")) == Skipped("a.png", SkipReason.EMPTY_CAPTION)
    assert unusable(Sample("a.png", "a")) is None


def test_a_name_that_is_not_unicode_is_skipped():
    assert unusable(Sample("\udcfc.png", "a")).reason is SkipReason.INVALID_NAME


def test_a_missing_file_is_skipped(tmp_path):
    name = str(tmp_path / "gone.png")
    assert look(Sample(name, "gone")) == [
        Skipped(name, SkipReason.UNREADABLE_IMAGE, "No such file or directory")
    ]


def test_a_folder_named_like_an_image_is_skipped(tmp_path):
    (looked,) = look(Sample(str(tmp_path), "x"))
    assert looked == Skipped(str(tmp_path), SkipReason.UNREADABLE_IMAGE, "Is a directory")


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_a_damaged_image_is_skipped_with_a_reason_without_its_name(place, content):
    sample = place("a.png", 0)
    path = Path(sample.name)
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    (looked,) = look(sample)
    assert isinstance(looked, Skipped)
    assert looked.name == sample.name
    assert "image" in looked.text
    assert sample.name not in looked.text


def test_an_impossible_file_name_is_skipped():
    (skipped,) = look(Sample("a\0.png", "a"))
    assert skipped.reason is SkipReason.INVALID_NAME


def test_equal_images_with_two_captions_are_skipped_and_name_each_other(place):
    a, b, other = place("a.png", 0), place("b.png", 0), place("c.png", 1)
    looked = look(a, b, other)
    assert [type(item) for item in looked] == [Sample, Skipped, Skipped]
    assert b.name in looked[1].text and "'b'" in looked[1].text
    assert a.name in looked[2].text and "'a'" in looked[2].text


def test_equal_images_with_three_captions_are_all_skipped(place):
    looked = look(*(place(f"{i}.png", 0, text) for i, text in enumerate(("x", "x", "y"))))
    assert all(isinstance(item, Skipped) for item in looked)
    assert "2.png" in looked[0].text and "2.png" in looked[1].text
    assert "0.png" in looked[2].text


def test_a_file_with_two_captions_is_skipped(place):
    a = place("a.png", 0)
    looked = look(a, Sample(a.name, "b"))
    assert all(isinstance(item, Skipped) for item in looked)


def test_equal_images_with_one_caption_are_kept(place):
    looked = look(place("1.png", 0, "x"), place("2.png", 0, "x"))
    assert [item.text for item in looked] == ["x", "x"]
    assert looked[0].digest == looked[1].digest


def test_a_damaged_copy_is_no_conflict(place, tmp_path):
    good = place("good.png", 0)
    (tmp_path / "bad.png").write_bytes(b"no image")
    looked = look(good, Sample(str(tmp_path / "bad.png"), "bad"))
    assert isinstance(looked[0], Sample)


def test_a_scan_keeps_the_order(place, tmp_path):
    samples = [place(f"{i}.png", i, width=16 + 8 * (i % 5)) for i in range(40)]
    looked = look(*samples[:7], Sample(str(tmp_path / "gone.png"), "gone"), *samples[7:])
    assert [item.name for item in looked[:-1]] == [sample.name for sample in samples]


def test_scanning_nothing_finds_nothing():
    assert look() == []


def scanned(samples: list[Sample], cache: ImageCache, **keys: object) -> Samples:
    found, skipped = Scanner(Preprocessor(16), cache, 0, **keys).scan(Samples.from_rows(samples))
    assert not skipped
    return found


def test_scanned_images_are_cached(place):
    sample, cache = place("a.png", 0), ImageCache(1)
    scanned([sample], cache)
    assert np.array_equal(cache.get(sample.name), Preprocessor(16).decode(sample.name))


@pytest.mark.parametrize("kib,held", [(0, 0), (0.4, 0), (1, 2), (1.6, 3), (100, 8)])
def test_the_cache_holds_no_more_than_its_limit(place, kib, held):
    samples = [place(f"{i}.png", i) for i in range(8)]  # 512 bytes each
    cache = ImageCache(kib * KIB)
    assert len(scanned(samples, cache)) == 8
    assert sum(cache.get(sample.name) is not None for sample in samples) == held


def test_many_images_are_read_by_processes_and_cached_here(place):
    samples = [place(f"{i}.png", i % 5) for i in range(5)] * (MAX_SERIAL // 4)
    cache = ImageCache(100)
    found = scanned(samples, cache, num_workers=2)
    assert len(found) == len(samples) > MAX_SERIAL
    assert all(cache.get(sample.name) is not None for sample in samples)


def observe(source, outcome, frames):
    return (type(outcome).__name__, frames)


@pytest.mark.parametrize("copies", [1, MAX_SERIAL])
def test_the_observations_of_each_image_are_kept(place, tmp_path, copies):
    (tmp_path / "b.png").write_bytes(b"no image")
    samples = [place("a.png", 0), Sample(str(tmp_path / "b.png"), "b")] * copies
    scanner = Scanner(Preprocessor(16), ImageCache(0), 0, 2, observe)
    scanner.scan(Samples.from_rows(samples))
    assert [*scanner.observations.values()] == [("ndarray", 1), ("str", 1)]


def test_the_cache_takes_a_small_image_after_refusing_a_large_one():
    cache = ImageCache(1 * KIB)
    cache.put("large", np.zeros((1, 2, 1000), np.uint8))
    cache.put("small", np.zeros((1, 1, 1000), np.uint8))
    assert cache.get("large") is None
    assert cache.get("small") is not None


def test_an_image_put_twice_takes_room_once():
    cache = ImageCache(1 * KIB)
    for _ in range(5):
        cache.put("a", np.zeros(500, np.uint8))
    cache.put("b", np.zeros(500, np.uint8))
    assert cache.get("b") is not None


def test_can_hold_counts_images_that_are_not_cached():
    cache = ImageCache(1 * KIB)
    assert cache.can_hold("abc", 3, 341)
    assert not cache.can_hold("abc", 3, 342)
    cache.put("a", np.zeros(600, np.uint8))
    assert cache.can_hold("abc", 3, 212)
    assert not cache.can_hold("abc", 3, 213)


def test_can_hold_is_true_for_a_full_cache_with_all_images():
    cache = ImageCache(1 * KIB)
    cache.put("a", np.zeros(1024, np.uint8))
    assert cache.can_hold("a", 1, 1024)


def test_digests_are_stable_across_versions():
    """The digests decide the split, so they must not change between versions."""
    assert [content_digest(b"", 0), content_digest(b"image", 0), content_digest(b"image", 1)] == [
        0x83E1045460752D64,
        0x73FACF58ECBD8F7A,
        0x76A0E5EFD7EA80C8,
    ]
