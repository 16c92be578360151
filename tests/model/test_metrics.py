import pytest

from ocr.model.metrics import ExactMatch, wilson_interval


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


@pytest.mark.parametrize(
    "share,total,low,high",
    [(0.5, 10, 0.2366, 0.7634), (1.0, 100, 0.9630, 1.0), (0.0, 20, 0.0, 0.1611)],
)
def test_wilson_interval(share, total, low, high):
    assert wilson_interval(share, total) == pytest.approx((low, high), abs=1e-4)


def test_wilson_interval_of_nothing_is_everything():
    assert wilson_interval(0.0, 0) == (0.0, 1.0)
