"""How good readings are, and how sure that is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torchmetrics.functional.text import edit_distance

from ocr.models.metrics import wilson_interval

REPLICATES = 1000
_AT_ONCE = 2_000_000  # drawn indices in memory


def scores(pairs: Sequence[tuple[str, str]], runs: int = 1) -> dict[str, Any]:
    """Exact match and character error rate of (label, reading) pairs, with 95 % intervals.

    runs: how many have read the same images, in the same order, one after another.
    """
    errors = np.array([_distance(label, reading) for label, reading in pairs])
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
    """Of sum by sum, each (N,), over images drawn with replacement (Efron 1979): percentiles.

    Where no image has an error, the bootstrap would be sure of 0; the rule of three isn't.
    """
    count = len(numerators)
    chance = np.random.default_rng(seed)
    ratios: list[np.ndarray] = []
    step = max(1, _AT_ONCE // count)
    for start in range(0, REPLICATES, step):
        drawn = chance.integers(count, size=(min(step, REPLICATES - start), count))
        ratios.append(numerators[drawn].sum(1) / denominators[drawn].sum(1))
    low, high = np.percentile(np.concatenate(ratios), (2.5, 97.5))
    if not numerators.any():
        high = min(1.0, 3 / denominators.sum())
    return float(low), float(high)


def _distance(label: str, reading: str) -> int:
    return 0 if label == reading else int(edit_distance([reading], [label], reduction="sum"))
