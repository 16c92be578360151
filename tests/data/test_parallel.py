"""Work on many images: the order kept, whoever did it."""

import os

import pytest

from ocr.data.parallel import FEW, mapped


def square(number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError("negative")
    return number**2, os.getpid()


@pytest.mark.parametrize("count", [0, 1, 5, FEW + 1])
def test_results_come_in_order(count):
    results = list(mapped(square, range(count), "squares"))
    assert [number for number, _ in results] == [i**2 for i in range(count)]
    inside = all(process == os.getpid() for _, process in results)
    assert inside == (count <= FEW or os.cpu_count() == 1)


def test_nothing_is_done_before_it_is_asked_for():
    asked = []
    results = mapped(asked.append, range(FEW), "numbers")
    assert not asked
    next(results)
    assert len(asked) < FEW


@pytest.mark.parametrize("count", [10, FEW + 10])
def test_an_error_is_not_swallowed(count):
    with pytest.raises(ValueError, match="negative"):
        list(mapped(square, [*range(count - 1), -1], "squares"))
