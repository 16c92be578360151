"""Work on many images: the order kept, whoever did it."""

import multiprocessing
import os

import pytest
import torch

from ocr.data.parallel import FEW, helpers, mapped


def square(number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError("negative")
    return number**2, os.getpid()


@pytest.mark.parametrize("count", [0, 1, 5, FEW + 1])
def test_results_come_in_order(count):
    results = list(mapped(square, range(count), "squares"))
    assert [number for number, _ in results] == [i**2 for i in range(count)]
    inside = all(process == os.getpid() for _, process in results)
    assert inside == (count <= FEW or helpers() == 1)


def test_a_process_that_may_have_no_children_does_it_itself(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    results = list(mapped(square, range(FEW + 1), "squares", num_workers=2))
    assert {process for _, process in results} == {os.getpid()}


def test_no_processes_if_none_are_wanted():
    results = list(mapped(square, range(FEW + 1), "squares", num_workers=0))
    assert {process for _, process in results} == {os.getpid()}


def test_the_numbers_that_are_drawn_later_stay_the_same():
    torch.manual_seed(0)
    expected = torch.rand(())
    torch.manual_seed(0)
    list(mapped(square, range(5), "squares"))
    assert torch.rand(()) == expected


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
