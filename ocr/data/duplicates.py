"""Images that show the same thing: they must never be on both sides of a split."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

from ocr.data.samples import Sample

COLUMNS, ROWS = 32, 8  # of the grid that a look is made of
MARGIN = 0.2  # standard deviations
NEAR = 12  # of its 256 bits may differ: another scale, another compression, a little noise
MANY = 20  # images of one caption; beyond, it is a kind of image (the digit 0) that looks alike


def perceptual_hash(pixels: np.ndarray) -> int:
    """A perceptual hash of uint8 (C, H, W): for each cell, is its right neighbour clearly brighter?

    256 bits, which resizing, recompressing and a change of contrast hardly touch
    (the difference hash of N. Krawetz, 2013, on a grid as wide as lines of text are).
    """
    grey = pixels[0]
    if len(pixels) > 1:
        grey = (pixels.sum(0, dtype=np.uint16) // len(pixels)).astype(np.uint8)
    small = Image.fromarray(grey).resize((COLUMNS + 1, ROWS), Image.Resampling.BOX)
    cells = np.asarray(small, dtype=np.float32)
    flat = cells.ravel()
    # `std` would take ten times as long.
    variance = flat @ flat / len(flat) - (flat.sum() / len(flat)) ** 2
    # A margin, as on empty paper it would be noise that decides.
    brighter = cells[:, 1:] - cells[:, :-1] > MARGIN * max(variance, 0) ** 0.5
    return int.from_bytes(np.packbits(brighter).tobytes(), "big")


def duplicate_groups(samples: Sequence[Sample]) -> list[int]:
    """For each sample a number that it shares with those it must stay together with.

    Those are its exact duplicates, its near duplicates (the same caption and almost the same
    look), and all of its `group`. The number is the least of their digests (of a group, its
    own), so that it follows from content alone.
    """
    parents: dict[object, object] = {}

    def root(node: object) -> object:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = node = parents[parents[node]]
        return node

    def join(a: object, b: object) -> None:
        parents[root(a)] = root(b)

    for sample in samples:
        root(sample.digest)
        if sample.group:
            join(sample.digest, sample.group)
    for first, second in near_pairs(samples):
        join(samples[first].digest, samples[second].digest)
    least: dict[object, int] = {}
    for sample in samples:
        number = sample.group_digest if sample.group else sample.digest
        top = root(sample.digest)
        least[top] = min(least.get(top, number), number)
    return [least[root(sample.digest)] for sample in samples]


def near_pairs(samples: Sequence[Sample]) -> Iterable[tuple[int, int]]:
    """Indices of samples with one caption and almost one look, the earlier one first."""
    by_caption = defaultdict(list)
    for i, sample in enumerate(samples):
        if sample.look:  # 0: flat, or never looked at
            by_caption[sample.text].append(i)
    for indices in by_caption.values():
        if 1 < len(indices) <= MANY:
            yield from _near(samples, indices)


def _near(samples: Sequence[Sample], indices: Sequence[int]) -> Iterable[tuple[int, int]]:
    size = COLUMNS * ROWS // 8
    words = np.frombuffer(
        b"".join(samples[i].look.to_bytes(size, "big") for i in indices), dtype=np.uint64
    ).reshape(len(indices), -1)
    for k in range(1, len(indices)):
        distances = np.bitwise_count(words[:k] ^ words[k]).sum(1)
        for j in np.flatnonzero(distances <= NEAR):
            yield indices[j], indices[k]
