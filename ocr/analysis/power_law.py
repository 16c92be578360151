"""Extrapolate a learning curve by a power law: error(n) = a + b n^-c for n labels.

Between guessing and the irreducible error, errors of neural networks follow a power law (Hestness
et al. 2017, "Deep learning scaling is predictable, empirically", arXiv:1712.00409).
Shapes: R bootstrap replicates, S sizes, K seeds, M images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

REPLICATES = 1000
MIN_SIZES = 4  # as three parameters are fitted
MAX_ERROR = 0.95  # above it, a network is still on the plateau where it reads nothing
MAX_FLAT = 0.05  # share of the replicates in which the error may not fall
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
        replicates: Those fitted to bootstrap replicates of the scores.
    """

    best: PowerLaw
    replicates: PowerLaw

    def exact_match(self, size: float) -> tuple[float, float, float]:
        """Return the estimate for `size` labels, and both ends of its 95 % interval."""
        estimate = float(self.best.exact_match(size)[0])
        low, high = np.percentile(self.replicates.exact_match(size), (2.5, 97.5))
        return estimate, min(float(low), estimate), max(float(high), estimate)


class NoForecast(NamedTuple):
    """Why the scores allow no forecast."""

    reason: str


def forecast(sizes: Sequence[int], right: np.ndarray, seed: int = 0) -> Forecast | NoForecast:
    """Fit the power law to a learning curve.

    Args:
        sizes: Numbers of labels, (S,).
        right: Whether each test image was read right, (S, K, M) of bool.
        seed: Of the bootstrap.
    """
    counts = np.asarray(sizes, float)
    errors = 1 - right.mean((1, 2))
    learned = errors < MAX_ERROR
    if learned.sum() < MIN_SIZES:
        return NoForecast(
            f"no forecast: it takes {MIN_SIZES} sizes with which something is read, here are "
            f"{learned.sum()}"
        )
    if not errors[learned].any():
        return NoForecast(f"no forecast: every size reads all {right.shape[2]} test images already")
    counts, right, errors = counts[learned], right[learned], errors[learned]
    images = right.shape[2]
    # Laplace's rule of succession: no errors in M images don't mean that there are none.
    shares = (errors * images + 1) / (images + 2)
    weights = 1 / (shares * (1 - shares))
    best = fit(counts, errors[None], weights)
    residuals = errors - (best.a + best.b * counts[:, None] ** -best.c)[:, 0]
    replicates = fit(counts, _bootstrap_errors(right, residuals, seed), weights)
    gain = replicates.exact_match(counts[-1]) - replicates.exact_match(counts[0])
    if np.mean(gain <= 0) > MAX_FLAT:
        return NoForecast(
            "no forecast: more labels made no difference that these test images could show"
        )
    return Forecast(best, replicates)


def fit(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> PowerLaw:
    """Fit curves by weighted least squares, with a and b not below 0.

    For a given exponent the best a and b have a closed form; the exponents are a grid.

    Args:
        sizes: Numbers of labels, (S,).
        errors: Error rates, (R, S).
        weights: Of the sizes, (S,).
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
    """Return replicates of the errors, (R, S): with other images, seeds and residuals.

    The images are weighted at random, alike for all sizes (Rubin 1981, "The Bayesian bootstrap");
    one that all sizes read and one that none reads are added, so that few errors don't look like
    none. Seeds are drawn with replacement. The residuals (S,) of the fitted curve are drawn anew,
    scaled for the three parameters that were fitted.
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
