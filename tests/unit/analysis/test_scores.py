import numpy as np
import pytest
from torchmetrics.text import CharErrorRate

from ocr.analysis.scores import compute_scores, ratio_interval
from ocr.models.metrics import wilson_interval

PAIRS = [("abc", "abc"), ("abc", "abd"), ("ab", ""), ("aab", "ab"), ("京A1", "京A12")]


def test_scores_equal_torchmetrics():
    found = compute_scores(PAIRS)
    metric = CharErrorRate()
    metric.update([reading for _, reading in PAIRS], [label for label, _ in PAIRS])
    assert found["cer"] == pytest.approx(float(metric.compute()))
    assert found["images"] == 5 and found["exact_match"] == 0.2
    assert found["exact_match_ci95"] == list(wilson_interval(0.2, 5))
    low, high = found["cer_ci95"]
    assert low < found["cer"] < high
    assert compute_scores(PAIRS) == found


def test_several_runs_do_not_multiply_images():
    once, twice = compute_scores(PAIRS), compute_scores(PAIRS * 2, runs=2)
    assert once == twice


def test_bootstrap_interval_has_the_expected_width():
    # Of 400 captions of 5 characters, a tenth has one error: CER 2 %, standard error 0.3 %.
    errors = np.array([1] * 40 + [0] * 360)
    low, high = ratio_interval(errors, np.full(400, 5))
    assert low == pytest.approx(0.02 - 1.96 * 0.003, abs=0.001)
    assert high == pytest.approx(0.02 + 1.96 * 0.003, abs=0.001)


def test_interval_without_errors_follows_the_rule_of_three():
    assert ratio_interval(np.zeros(100), np.full(100, 3)) == (0, 0.01)
