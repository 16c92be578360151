"""Metrics, and judgements based on them."""

import math

import pytest
import torch

from ocr.models.metrics import (
    ExactMatch,
    Mean,
    has_not_learned,
    is_near_perfect,
    wilson_interval,
)


def test_exact_match():
    metric = ExactMatch()
    metric.update(["ab", "b", ""], ["ab", "a", ""])
    metric.update(["x"], ["x"])
    assert metric.compute() == pytest.approx(3 / 4)


def test_exact_match_on_captions_with_repeats():
    metric = ExactMatch(only_repeats=True)
    assert metric.compute().isnan()
    metric.update(["aab", "ab", "bcc"], ["aab", "aab", "abc"])
    assert metric.compute() == pytest.approx(1 / 2)


def test_weighted_mean():
    metric = Mean()
    metric.update(torch.tensor(1.0), 8)
    metric.update(torch.tensor(4.0), 1)
    assert metric.compute() == pytest.approx(12 / 9)


def test_a_nan_loss_is_not_hidden():
    metric = Mean()
    metric.update(torch.tensor(1.0), 8)
    metric.update(torch.tensor(math.nan), 8)
    assert metric.compute().isnan()


@pytest.mark.parametrize(
    "cer,exact_match,nothing",
    [(1.0, 0.0, True), (1.7, 0.0, True), (1.0, 0.1, False), (0.5, 0.0, False)],
)
def test_has_not_learned(cer, exact_match, nothing):
    assert has_not_learned({"val/cer": cer, "val/exact_match": exact_match}) == nothing


@pytest.mark.parametrize(
    "share,total,low,high",
    [(0.5, 10, 0.2366, 0.7634), (1.0, 100, 0.9630, 1.0), (0.0, 20, 0.0, 0.1611)],
)
def test_wilson_interval(share, total, low, high):
    assert wilson_interval(share, total) == pytest.approx((low, high), abs=1e-4)


def test_wilson_interval_without_trials_is_from_0_to_1():
    assert wilson_interval(0.0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    "wrong,images,perfect",
    [
        (0, 87, True),
        (1, 87, True),
        (2, 87, False),
        (0, 13, False),
        (1, 30, False),
        (0, 27, True),
        (0, 26, False),
        (1, 42, True),
        (1, 41, False),
    ],
)
def test_is_near_perfect(wrong, images, perfect):
    scores = {"val/exact_match": 1 - wrong / images, "val/images": float(images)}
    assert is_near_perfect(scores) == perfect


def test_without_the_number_of_images_nothing_is_perfect():
    assert not is_near_perfect({"val/exact_match": 1.0})
