"""Find images that show the same thing: they must never be on both sides of a split."""

import numpy as np
from PIL import Image

from ocr.data.samples import Samples

COLUMNS, ROWS = 32, 8  # of the grid that a hash is made of
MARGIN = 0.2  # standard deviations
NEAR = 12  # of its 256 bits may differ: another scale, another compression, a little noise
MANY = 20  # images of one caption; beyond, it is a kind of image (the digit 0) that looks alike


def perceptual_hash(pixels: np.ndarray) -> np.ndarray:
    """Return 256 bits that resizing, recompressing and a change of contrast hardly touch.

    Each bit tells whether a cell of a grid is clearly darker than its right neighbour: the
    difference hash of N. Krawetz (2013), on a grid as wide as lines of text are.

    Args:
        pixels: uint8 (C, H, W).

    Returns:
        uint64 (HASH_WORDS,), all 0 for an image without contrast.
    """
    grey = pixels[0]
    if len(pixels) > 1:
        grey = (pixels.sum(0, dtype=np.uint16) // len(pixels)).astype(np.uint8)
    small = Image.fromarray(grey).resize((COLUMNS + 1, ROWS), Image.Resampling.BOX)
    cells = np.asarray(small, dtype=np.float32)
    flat = cells.ravel()
    # np.std takes ten times as long on so few numbers.
    variance = flat @ flat / len(flat) - (flat.sum() / len(flat)) ** 2
    # With a margin, or noise would decide on empty paper.
    brighter = cells[:, 1:] - cells[:, :-1] > MARGIN * max(variance, 0) ** 0.5
    return np.packbits(brighter).view(np.uint64)


def duplicate_groups(samples: Samples, group_digests: np.ndarray) -> np.ndarray:
    """Return a number for each sample that it shares with those it must stay together with.

    These are exact duplicates, near duplicates (one caption and almost one hash), and all of one
    `group`. The number is the least of their digests (in a group, of the group's), so that it
    follows from the content alone.

    Args:
        samples: The samples.
        group_digests: uint64 (N,), digests of their groups; unused where they have none.

    Returns:
        uint64 (N,).
    """
    contents, nodes = np.unique(samples.digests, return_inverse=True)
    numbers = samples.digests.copy()
    edges = [nodes[near_pairs(samples)]]
    grouped = np.flatnonzero(samples.groups != "")
    groups, group_nodes = np.unique(samples.groups[grouped], return_inverse=True)
    numbers[grouped] = group_digests[grouped]
    edges.append(np.stack([nodes[grouped], len(contents) + group_nodes], axis=1))
    labels = _connected(np.concatenate(edges), len(contents) + len(groups))[nodes]
    least = np.full(len(contents) + len(groups), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, labels, numbers)
    return least[labels]


def _connected(edges: np.ndarray, count: int) -> np.ndarray:
    """Return a label for each of `count` nodes, the same for those that `edges` (E, 2) connect."""
    if not len(edges):
        return np.arange(count)
    from scipy.sparse import coo_array  # loads for a moment, and few data sets need it
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(edges), bool), edges.T), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def near_pairs(samples: Samples) -> np.ndarray:
    """Find samples with one caption and almost one hash.

    Returns:
        Indices (N, 2), the earlier sample of each pair first; sorted by the second one.
    """
    known = np.flatnonzero(samples.hashes.any(axis=1))
    _, captions, counts = np.unique(samples.texts[known], return_inverse=True, return_counts=True)
    few = (counts[captions] > 1) & (counts[captions] <= MANY)
    known, captions = known[few], captions[few]
    order = np.argsort(captions, kind="stable")
    known, captions = known[order], captions[order]
    hashes = samples.hashes[known]
    pairs = [np.empty((0, 2), np.int64)]
    for distance in range(1, MANY):  # between neighbours of one caption
        same = np.flatnonzero(captions[distance:] == captions[:-distance])
        if not len(same):
            break
        bits = np.bitwise_count(hashes[same] ^ hashes[same + distance]).sum(1)
        near = same[bits <= NEAR]
        pairs.append(np.stack([known[near], known[near + distance]], axis=1))
    found = np.concatenate(pairs)
    return found[np.lexsort((found[:, 0], found[:, 1]))]
