import numpy as np
import pytest

from ocr.analysis.power_law import Forecast, NoForecast, fit, forecast

SIZES = [58, 97, 163, 275, 460]


def readings(errors: list[float], images: int, seed: int = 0) -> np.ndarray:
    """Whether each image is read right, (S, 1, M), where some images are hard at all sizes."""
    chance = np.random.default_rng(seed)
    hard = chance.random(images)
    return np.array([[(hard >= error) ^ (chance.random(images) < 0.02)] for error in errors])


def law(a: float, b: float, c: float) -> list[float]:
    return [min(1.0, a + b * n**-c) for n in SIZES]


def test_fit_without_noise_is_exact():
    sizes = np.array([100.0, 200, 400, 800, 1600])
    errors = np.array([0.05 + 12 * sizes**-0.7, 0.0 + 3 * sizes**-0.4])
    found = fit(sizes, errors, np.ones(5))
    np.testing.assert_allclose(found.a, [0.05, 0], atol=1e-6)
    np.testing.assert_allclose(found.c, [0.7, 0.4])
    np.testing.assert_allclose(found.b, [12, 3], rtol=1e-6)


def test_interval_covers_the_truth_and_narrows_with_more_images():
    widths, covered = {}, 0
    for images in (60, 600):
        for seed in range(15):
            found = forecast(SIZES, readings(law(0.05, 20, 0.7), images, seed))
            assert isinstance(found, Forecast)
            estimate, low, high = found.exact_match(920)
            assert 0 <= low <= estimate <= high <= 1
            truth = 1 - (0.05 + 20 * 920**-0.7)
            covered += low - 0.02 <= truth <= high + 0.02  # readings() flips one in fifty
            widths.setdefault(images, []).append(high - low)
    assert covered >= 27
    assert np.mean(widths[600]) < np.mean(widths[60]) / 2


def test_forecast_never_decreases():
    found = forecast(SIZES, readings(law(0.02, 30, 0.9), 200))
    best = [found.exact_match(n)[0] for n in (460, 920, 1840, 10_000)]
    assert best == sorted(best)


@pytest.mark.parametrize(
    "errors,words",
    [
        ([0.0] * 5, "all 100 test images are already read right"),
        ([0.3] * 5, "made no measurable difference"),
        ([1.0] * 5, "reads something, not 0"),
        ([1.0, 1.0, 0.8, 0.4, 0.2], "reads something, not 3"),
    ],
)
def test_scores_without_a_forecast_have_a_reason(errors, words):
    chance = np.random.default_rng(0)
    hard = chance.permutation(np.linspace(0, 1, 100, endpoint=False))
    right = np.array([[hard >= error] for error in errors])
    found = forecast(SIZES, right)
    assert isinstance(found, NoForecast) and words in found.reason


def test_interval_without_errors_is_not_empty():
    errors = [0.5, 0.3, 0.1, 0.02, 0.0]
    hard = np.linspace(0, 1, 100, endpoint=False)
    found = forecast(SIZES, np.array([[hard >= error] for error in errors]))
    estimate, low, high = found.exact_match(920)
    assert estimate > 0.97 and low < 0.99 and high == pytest.approx(1, abs=0.01)


def test_forecast_is_deterministic():
    right = readings(law(0.05, 20, 0.7), 100)
    assert forecast(SIZES, right).exact_match(920) == forecast(SIZES, right).exact_match(920)
