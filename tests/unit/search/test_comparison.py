"""How two readers are compared on the same images."""

import csv

import pytest

from ocr.search.comparison import compare


def predictions(path, right):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label", "reading", "confidence"))
        writer.writerows((f"{i}.png", "a", "a" if read else "b", 1) for i, read in enumerate(right))
    return path


def compared(tmp_path, first, second):
    return compare(predictions(tmp_path / "1.csv", first), predictions(tmp_path / "2.csv", second))


def test_many_more_images_read_are_a_certain_gain(tmp_path):
    found = compared(tmp_path, [True] * 90 + [False] * 10, [True] * 60 + [False] * 40)
    assert (found.images, found.share, found.other_share) == (100, 0.9, 0.6)
    assert 0.2 < found.low < 0.3 < found.high < 0.4 and found.probability > 0.999
    assert str(found).startswith("90.0% of 100 test images instead of 60.0%: +30.0 points (+2")


def test_equal_readings_leave_the_answer_open(tmp_path):
    found = compared(tmp_path, [True] * 50, [True] * 50)
    assert found.low < 0 < found.high and found.probability == pytest.approx(0.5, abs=0.02)


def test_a_worse_reader_is_probably_worse(tmp_path):
    found = compared(tmp_path, [True, False] * 20, [True] * 40)
    assert found.share < found.other_share and found.high < 0 and found.probability < 0.01
