"""Extrapolate a learning curve by a power law: error(n) = a + b n^-c for n labels.

Between guessing and the irreducible error, errors of neural networks follow a power law (Hestness
et al. 2017, "Deep learning scaling is predictable, empirically", arXiv:1712.00409).
Shapes: R bootstrap replicates, S sizes, K seeds, M images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

REPLICATES = 1000
MIN_SIZES = 4  # one more than fitted parameters
MAX_ERROR = 0.95  # above it, a network still reads nothing, and the power law does not hold
MAX_FLAT = 0.05  # largest share of the replicates in which the error does not fall
_EXPONENTS = np.arange(0.05, 3.001, 0.05)


class PowerLaw(NamedTuple):
    """One curve per replicate; a, b, c are (R,)."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray

    def exact_match(self, size: float) -> np.ndarray:
        """Return the share of images read right with `size` labels, (R,)."""
        return 1 - np.clip(self.a + self.b * size**-self.c, 0, 1)


class Forecast(NamedTuple):
    """A fitted curve and its uncertainty.

    Attributes:
        best: The curve fitted to the scores.
        replicates: The curves fitted to bootstrap replicates of the scores.
    """

    best: PowerLaw
    replicates: PowerLaw

    def exact_match(self, size: float) -> tuple[float, float, float]:
        """Return the estimate for `size` labels, and the ends of its 95 % interval."""
        estimate = float(self.best.exact_match(size)[0])
        low, high = np.percentile(self.replicates.exact_match(size), (2.5, 97.5))
        return estimate, min(float(low), estimate), max(float(high), estimate)


class NoForecast(NamedTuple):
    """The reason why the scores allow no forecast."""

    reason: str


def forecast(sizes: Sequence[int], right: np.ndarray, seed: int = 0) -> Forecast | NoForecast:
    """Fit the power law to a learning curve.

    Args:
        sizes: Numbers of labels, (S,).
        right: Whether each test image was read right, (S, K, M) of bool.
        seed: Seed of the bootstrap.
    """
    counts = np.asarray(sizes, float)
    errors = 1 - right.mean((1, 2))
    learned = errors < MAX_ERROR
    if learned.sum() < MIN_SIZES:
        return NoForecast(
            f"no forecast: it needs {MIN_SIZES} sizes with which the model reads something, not "
            f"{learned.sum()}"
        )
    if not errors[learned].any():
        return NoForecast(f"no forecast: all {right.shape[2]} test images are already read right")
    counts, right, errors = counts[learned], right[learned], errors[learned]
    images = right.shape[2]
    # Laplace's rule of succession, because 0 errors in M images don't mean an error rate of 0.
    shares = (errors * images + 1) / (images + 2)
    weights = 1 / (shares * (1 - shares))
    best = fit(counts, errors[None], weights)
    residuals = errors - (best.a + best.b * counts[:, None] ** -best.c)[:, 0]
    replicates = fit(counts, _bootstrap_errors(right, residuals, seed), weights)
    gain = replicates.exact_match(counts[-1]) - replicates.exact_match(counts[0])
    if np.mean(gain <= 0) > MAX_FLAT:
        return NoForecast(
            "no forecast: more labels made no measurable difference on these test images"
        )
    return Forecast(best, replicates)


def fit(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> PowerLaw:
    """Fit curves by weighted least squares, with a and b of at least 0.

    The exponents are a grid; for each, the best a and b have a closed form.

    Args:
        sizes: Numbers of labels, (S,).
        errors: Error rates, (R, S).
        weights: Weights of the sizes, (S,).
    """
    best = PowerLaw(*np.zeros((3, len(errors))))
    least = np.full(len(errors), np.inf)
    w = weights / weights.sum()
    for c in _EXPONENTS:
        x = (sizes / sizes[-1]) ** -c
        mean_x, mean_y = w @ x, errors @ w
        slope = (errors - mean_y[:, None]) @ (w * (x - mean_x)) / (w @ (x - mean_x) ** 2)
        b = np.maximum(slope, 0)
        a = mean_y - b * mean_x
        through_zero = errors @ (w * x) / (w @ x**2)
        b = np.where(a < 0, through_zero, b)
        a = np.maximum(a, 0)
        loss = (a[:, None] + b[:, None] * x - errors) ** 2 @ w
        better = loss < least
        least = np.where(better, loss, least)
        scaled = b * sizes[-1] ** c
        best = PowerLaw(
            *(np.where(better, new, old) for new, old in zip((a, scaled, c), best, strict=True))
        )
    return best


def _bootstrap_errors(right: np.ndarray, residuals: np.ndarray, seed: int) -> np.ndarray:
    """Return replicates of the errors, (R, S), with resampled images, seeds and residuals.

    The images get random weights, the same for all sizes (Rubin 1981, "The Bayesian bootstrap").
    One image that is always read right and one that never is are added, so that a few errors
    don't look like none. Seeds are drawn with replacement. The residuals (S,) of the fitted curve
    are drawn with random signs, scaled for the three fitted parameters.
    """
    rng = np.random.default_rng(seed)
    sizes, seeds, images = right.shape
    always = np.broadcast_to(np.array([True, False]), (sizes, seeds, 2))
    wrong = 1.0 - np.concatenate([right, always], axis=2)
    shares = rng.dirichlet(np.ones(images + 2), REPLICATES)
    by_seed = np.einsum("rm,skm->rsk", shares, wrong)
    drawn = rng.integers(seeds, size=(REPLICATES, sizes, seeds))
    errors = np.take_along_axis(by_seed, drawn, axis=2).mean(2)
    scale = np.sqrt(sizes / (sizes - 3))
    noise = rng.choice(residuals, (REPLICATES, sizes)) * rng.choice((-1, 1), (REPLICATES, sizes))
    return np.clip(errors + scale * noise, 0, 1)
