"""Metrics of a reader, and judgements based on them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

import torch
from torchmetrics import Metric

NEAR_PERFECT = 0.875  # least lower end of the 95 % interval of a near-perfect exact match
STANDARD_ERRORS = 2  # difference between two scores that may be chance


class ExactMatch(Metric):
    """Share of captions that are read without a mistake; NaN if there are none.

    Args:
        only_repeats: Only count captions with equal neighbours ("aab"), the hardest ones for CTC.
    """

    full_state_update = False
    higher_is_better = True

    def __init__(self, only_repeats: bool = False) -> None:
        super().__init__()
        self.only_repeats = only_repeats
        self.add_state("right", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("total", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, readings: Sequence[str], captions: Sequence[str]) -> None:
        """Add a batch."""
        for reading, caption in zip(readings, captions, strict=True):
            if not self.only_repeats or any(a == b for a, b in pairwise(caption)):
                self.total += 1
                self.right += reading == caption

    def compute(self) -> torch.Tensor:
        """Return the share, 0 to 1."""
        return self.right / self.total


class Count(Metric):
    """Number of images that were read."""

    full_state_update = False

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, readings: Sequence[str], captions: Sequence[str]) -> None:
        """Add a batch."""
        self.total += len(captions)

    def compute(self) -> torch.Tensor:
        """Return the number."""
        return self.total.float()


class Mean(Metric):
    """Weighted mean; NaN if one of the values is.

    torchmetrics' MeanMetric checks for NaN in each step, which makes a GPU wait.
    """

    full_state_update = False

    def __init__(self) -> None:
        super().__init__()
        self.add_state("sum", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("weight", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, value: torch.Tensor, weight: int) -> None:
        """Add a value."""
        self.sum += weight * value
        self.weight += weight

    def compute(self) -> torch.Tensor:
        """Return the mean."""
        return self.sum / self.weight


def has_not_learned(metrics: Mapping[str, float | None]) -> bool:
    """Return whether a network reads no validation image and hardly any character.

    Args:
        metrics: Validation scores; without val/exact_match the answer is no.
    """
    return metrics.get("val/exact_match") == 0 and (metrics.get("val/cer") or 0) > 0.9


def is_near_perfect(metrics: Mapping[str, float]) -> bool:
    """Return whether none of 27 or more validation images is misread, or one of 42 or more.

    Args:
        metrics: Validation scores; without val/exact_match and val/images the answer is no.
    """
    if not {"val/exact_match", "val/images"} <= metrics.keys():
        return False
    images, share = round(float(metrics["val/images"])), float(metrics["val/exact_match"])
    return round(images * (1 - share)) <= 1 and wilson_interval(share, images)[0] > NEAR_PERFECT


def wilson_interval(share: float, total: int, z: float = 1.96) -> tuple[float, float]:
    """Compute the Wilson score interval of a proportion.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference". Unlike the
    normal approximation, it holds near 0 and 1 and for few trials.

    Args:
        share: Observed proportion.
        total: Number of trials.
        z: Quantile of the normal distribution; 1.96 for 95 % confidence.

    Returns:
        Both ends; 0 and 1 without trials.
    """
    if total == 0:
        return 0.0, 1.0
    middle = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
