"""Who trains, who validates, who tests: decided by each image's own content."""

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from ocr.data.sources import Sample
from ocr.errors import UserError


def split(samples: Sequence[Sample], shares: Mapping[str, float]) -> dict[str, list[Sample]]:
    """Share out `samples`: to each part of `shares` about its share, the rest to "train"."""
    digests = np.array([sample.digest for sample in samples], np.uint64)
    return {part: [samples[i] for i in where] for part, where in cut(digests, shares).items()}


def cut(digests: np.ndarray, shares: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Where in `digests` (uint64) each part's are, in order.

    A digest is a number drawn evenly by content and split seed, so an image's part never depends
    on the other images, and equal images stay together. Only where a very small set would leave
    a part empty do the borders move, by as few images as possible.
    """
    for part, share in shares.items():
        if not 0 <= share < 1:
            raise UserError(f"data.{part}_size={share} is a share of the images: 0 up to below 1")
    if sum(shares.values()) >= 1:
        keys = " and ".join(f"data.{part}_size={share}" for part, share in shares.items())
        raise UserError(f"{keys} leave no images to train on: together they must be below 1")
    shares = {part: share for part, share in shares.items() if share > 0}
    different, _ = np.unique(digests, return_index=True)  # the index makes it sort: twice as quick
    if len(different) <= len(shares):
        raise UserError(
            f"{len(different)} different images are too few for the parts train, "
            f"{', '.join(shares)}: add images, or do without a test part (data.test_size=0)"
        )
    # The digests in order, cut at the shares' borders.
    cuts, border = [], 0.0
    for share in shares.values():
        border += share
        cuts.append(int(np.searchsorted(different, np.uint64(ceil(border * 2**64)))))
    for i in range(len(cuts)):  # at least one image below each cut that no earlier part has
        cuts[i] = max(cuts[i], cuts[i - 1] + 1 if i else 1)
    for i in reversed(range(len(cuts))):  # and one above it that no later part has
        cuts[i] = min(cuts[i], (cuts[i + 1] if i + 1 < len(cuts) else len(different)) - 1)
    owner = np.searchsorted(different[cuts], digests, side="right")
    parts = {part: np.flatnonzero(owner == i) for i, part in enumerate([*shares, "train"])}
    return {"train": parts.pop("train"), **parts}
