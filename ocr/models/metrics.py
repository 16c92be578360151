"""How good a reader is."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

import torch
from torchmetrics import Metric

NEAR_PERFECT = 0.875  # the share that a perfect reader reads at least, with 95 % confidence
CHANCE = 2  # standard errors, within which two scores can't be told apart


class ExactMatch(Metric):
    """The share of captions that are read without any mistake.

    only_repeats: count only captions with equal neighbours ("aab"), which CTC finds hardest.
    NaN when there is nothing to count.
    """

    full_state_update = False
    higher_is_better = True

    def __init__(self, only_repeats: bool = False) -> None:
        super().__init__()
        self.only_repeats = only_repeats
        self.add_state("right", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("total", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, readings: Sequence[str], captions: Sequence[str]) -> None:
        """Count a batch."""
        for reading, caption in zip(readings, captions, strict=True):
            if not self.only_repeats or any(a == b for a, b in pairwise(caption)):
                self.total += 1
                self.right += reading == caption

    def compute(self) -> torch.Tensor:
        """The share, 0 to 1."""
        return self.right / self.total


class Count(Metric):
    """How many images were read."""

    full_state_update = False

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, readings: Sequence[str], captions: Sequence[str]) -> None:
        """Count a batch."""
        self.total += len(captions)

    def compute(self) -> torch.Tensor:
        """All of them."""
        return self.total.float()


class Mean(Metric):
    """The mean of values by their weights; NaN if one of them is.

    torchmetrics' own looks for NaN after each step, which makes a GPU wait.
    """

    full_state_update = False

    def __init__(self) -> None:
        super().__init__()
        self.add_state("sum", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("weight", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, value: torch.Tensor, weight: int) -> None:
        """Count a value."""
        self.sum += weight * value
        self.weight += weight

    def compute(self) -> torch.Tensor:
        """The mean of all."""
        return self.sum / self.weight


def has_not_learned(metrics: Mapping[str, float | None]) -> bool:
    """Whether these validation scores, if any, are of a network that hasn't learnt to read."""
    return metrics.get("val/exact_match") == 0 and (metrics.get("val/cer") or 0) > 0.9


def is_near_perfect(metrics: Mapping[str, float]) -> bool:
    """Whether there is next to nothing left to learn, and enough validation images to tell.

    Args:
        metrics: Validation scores; without val/exact_match and val/images nothing can be told.

    Returns:
        True if no image of 27 or more is misread, or one of 42 or more.
    """
    if not {"val/exact_match", "val/images"} <= metrics.keys():
        return False
    images, share = round(float(metrics["val/images"])), float(metrics["val/exact_match"])
    return round(images * (1 - share)) <= 1 and wilson_interval(share, images)[0] > NEAR_PERFECT


def wilson_interval(share: float, total: int, z: float = 1.96) -> tuple[float, float]:
    """The interval that holds the true share with 95 % confidence, after `total` trials.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference"; unlike
    the textbook interval it stays honest near 0 and 1 and for few trials.
    """
    if total == 0:
        return 0.0, 1.0
    middle = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
