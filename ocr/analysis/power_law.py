"""How the error falls with the number of labels, beyond those there are.

error(n) = a + b n^-c: over the middle range between guessing and what can't be learnt, errors
of neural networks follow a power law (Hestness et al. 2017, "Deep learning scaling is
predictable, empirically", arXiv:1712.00409). Shapes: R replicates, S sizes, K seeds, M images.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

REPLICATES = 1000
LEAST_SIZES = 4  # three numbers are fitted
BEGUN = 0.95  # the error below which a network has left the plateau where it reads nothing
DOUBT = 0.05  # the share of replicates that may see no fall
_EXPONENTS = np.arange(0.05, 3.001, 0.05)


class Law(NamedTuple):
    """One curve a replicate; a, b, c are (R,)."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray

    def exact_match(self, size: float) -> np.ndarray:
        """With so many labels, (R,)."""
        return 1 - np.clip(self.a + self.b * size**-self.c, 0, 1)


class Forecast(NamedTuple):
    """best: the curve through the scores. others: those that they might as well have had."""

    best: Law
    others: Law

    def exact_match(self, size: float) -> tuple[float, float, float]:
        """With so many labels: the estimate, and its 95 % interval."""
        estimate = float(self.best.exact_match(size)[0])
        low, high = np.percentile(self.others.exact_match(size), (2.5, 97.5))
        return estimate, min(float(low), estimate), max(float(high), estimate)


def forecast(sizes: Sequence[int], right: np.ndarray, seed: int = 0) -> Forecast | str:
    """Fit the law; or say, in a sentence, why these scores don't tell.

    right: whether each test image was read, (S, K, M) of bool.
    """
    sizes_ = np.asarray(sizes, float)
    errors = 1 - right.mean((1, 2))
    begun = errors < BEGUN
    if begun.sum() < LEAST_SIZES:
        least = f"it takes {LEAST_SIZES} sizes with which something is read, here are {begun.sum()}"
        return f"no forecast: {least}"
    if not errors[begun].any():
        return f"no forecast: every size reads all {right.shape[2]} test images already"
    sizes_, right, errors = sizes_[begun], right[begun], errors[begun]
    images = right.shape[2]
    # An error of 0 in M images is not known to be one: a success and a failure more (Laplace).
    shares = (errors * images + 1) / (images + 2)
    weights = 1 / (shares * (1 - shares))
    best = fit(sizes_, errors[None], weights)
    left = errors - (best.a + best.b * sizes_[:, None] ** -best.c)[:, 0]
    others = fit(sizes_, _replicates(right, left, seed), weights)
    drop = others.exact_match(sizes_[-1]) - others.exact_match(sizes_[0])
    if np.mean(drop <= 0) > DOUBT:
        return "no forecast: more labels made no difference that these test images could show"
    return Forecast(best, others)


def fit(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> Law:
    """Weighted least squares of (R, S) errors, with a and b not below 0.

    For each exponent the best a and b follow directly; the exponents are tried one by one.
    """
    best = Law(*np.zeros((3, len(errors))))
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
        best = Law(
            *(np.where(better, new, old) for new, old in zip((a, scaled, c), best, strict=True))
        )
    return best


def _replicates(right: np.ndarray, left: np.ndarray, seed: int) -> np.ndarray:
    """Errors (R, S) as they might have come out: with other images, other seeds, other luck.

    The images are weighted at random, alike for all sizes (Rubin 1981, "The Bayesian
    bootstrap"); one that all sizes read and one that none does are added, so that few errors
    don't look like none. Seeds are drawn with replacement. What the best curve left over is dealt
    out anew, scaled for the three numbers that were fitted.
    """
    chance = np.random.default_rng(seed)
    sizes, seeds, images = right.shape
    always = np.broadcast_to(np.array([True, False]), (sizes, seeds, 2))
    wrong = 1.0 - np.concatenate([right, always], axis=2)
    shares = chance.dirichlet(np.ones(images + 2), REPLICATES)
    by_seed = np.einsum("rm,skm->rsk", shares, wrong)
    drawn = chance.integers(seeds, size=(REPLICATES, sizes, seeds))
    errors = np.take_along_axis(by_seed, drawn, axis=2).mean(2)
    scale = np.sqrt(sizes / (sizes - 3))
    luck = chance.choice(left, (REPLICATES, sizes)) * chance.choice((-1, 1), (REPLICATES, sizes))
    return np.clip(errors + scale * luck, 0, 1)
