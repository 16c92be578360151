"""Exact match and character error rate of readings, with confidence intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torchmetrics.functional.text import edit_distance

from ocr.models.metrics import wilson_interval

REPLICATES = 1000
_MAX_INDICES = 2_000_000  # drawn at once, to limit the memory


def compute_scores(pairs: Sequence[tuple[str, str]], runs: int = 1) -> dict[str, Any]:
    """Compute exact match and character error rate, with 95 % intervals.

    Args:
        pairs: Label and reading of each image.
        runs: Number of models. `pairs` holds the images of each in the same order, one model after
            another.

    Returns:
        `images`, `exact_match`, `exact_match_ci95`, `cer`, `cer_ci95`.
    """
    errors = np.array([_edit_distance(label, reading) for label, reading in pairs])
    errors = errors.reshape(runs, -1).mean(0)
    lengths = np.array([len(label) for label, _ in pairs[: len(errors)]])
    exact = float(np.mean([label == reading for label, reading in pairs]))
    return {
        "images": len(lengths),
        "exact_match": exact,
        "exact_match_ci95": list(wilson_interval(exact, len(lengths))),
        "cer": float(errors.sum() / lengths.sum()),
        "cer_ci95": list(ratio_interval(errors, lengths)),
    }


def ratio_interval(
    numerators: np.ndarray, denominators: np.ndarray, seed: int = 0
) -> tuple[float, float]:
    """Compute the 95 % interval of a ratio of sums by the percentile bootstrap (Efron 1979).

    If no image has an error, the bootstrap interval would be 0 to 0, so the rule of three gives its
    upper end.

    Args:
        numerators: Errors of each image, (N,).
        denominators: Characters of each image, (N,).
        seed: Seed of the random draws.

    Returns:
        The lower and the upper end.
    """
    count = len(numerators)
    rng = np.random.default_rng(seed)
    ratios: list[np.ndarray] = []
    step = max(1, _MAX_INDICES // count)
    for start in range(0, REPLICATES, step):
        drawn = rng.integers(count, size=(min(step, REPLICATES - start), count))
        ratios.append(numerators[drawn].sum(1) / denominators[drawn].sum(1))
    low, high = np.percentile(np.concatenate(ratios), (2.5, 97.5))
    if not numerators.any():
        high = min(1.0, 3 / denominators.sum())
    return float(low), float(high)


def _edit_distance(label: str, reading: str) -> int:
    return 0 if label == reading else int(edit_distance([reading], [label], reduction="sum"))
