"""Find duplicates of images, which must stay in one part of a split."""

from hashlib import blake2b

import numpy as np
from PIL import Image

from ocr.data.samples import Samples

COLUMNS, ROWS = 32, 8  # grid of a perceptual hash, with one bit per cell
MARGIN = 0.2  # in standard deviations; a smaller difference of brightness is noise
MAX_DIFFERENT_BITS = 12  # of 256, between near duplicates: scaled, compressed again, a little noise
MAX_SAME_CAPTION = 20  # a caption of more images, such as a digit, has lookalikes by chance


def content_digest(content: bytes | np.ndarray, seed: int) -> int:
    """Return 64 bits of a hash of `content`, different for each split seed."""
    return int.from_bytes(blake2b(content, digest_size=8, key=str(seed).encode()).digest(), "big")  # type: ignore[arg-type]


def group_digests(samples: Samples, seed: int) -> np.ndarray:
    """Return the digests of the samples' groups, uint64 (N,); 0 for samples without a group."""
    groups, which = np.unique(samples.groups, return_inverse=True)
    return np.array(
        [content_digest(group.encode(), seed) if group else 0 for group in groups.tolist()],
        np.uint64,
    )[which]


def perceptual_hash(pixels: np.ndarray) -> np.ndarray:
    """Return 256 bits that hardly change if an image is resized, recompressed or brightened.

    Each bit tells whether a cell of a grid is clearly darker than its right neighbour: the
    difference hash of N. Krawetz (2013), on a grid with the proportions of a line of text.

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
    # np.std takes ten times as long for so few numbers.
    variance = flat @ flat / len(flat) - (flat.sum() / len(flat)) ** 2
    # Without the margin, noise would set the bits of an empty background.
    brighter = cells[:, 1:] - cells[:, :-1] > MARGIN * max(variance, 0) ** 0.5
    return np.packbits(brighter).view(np.uint64)


def duplicate_groups(samples: Samples, seed: int) -> np.ndarray:
    """Return a number for each sample, equal for all samples that must stay together.

    These are exact duplicates, near duplicates, and the samples of one `group`. The number is the
    least of their digests, or of their groups' digests, so that it depends on the content alone.

    Args:
        samples: The samples.
        seed: The split seed.

    Returns:
        uint64 (N,).
    """
    contents, nodes = np.unique(samples.digests, return_inverse=True)
    numbers = samples.digests.copy()
    edges = [nodes[near_pairs(samples)]]
    grouped = np.flatnonzero(samples.groups != "")
    groups, group_nodes = np.unique(samples.groups[grouped], return_inverse=True)
    numbers[grouped] = group_digests(samples, seed)[grouped]
    edges.append(np.stack([nodes[grouped], len(contents) + group_nodes], axis=1))
    labels = _connected(np.concatenate(edges), len(contents) + len(groups))[nodes]
    least = np.full(len(contents) + len(groups), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, labels, numbers)
    return least[labels]


def _connected(edges: np.ndarray, count: int) -> np.ndarray:
    """Return a label for each of `count` nodes, the same for those that `edges` (E, 2) connect."""
    if not len(edges):
        return np.arange(count)
    from scipy.sparse import coo_array  # slow to import, and rarely needed
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(edges), bool), edges.T), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def near_pairs(samples: Samples) -> np.ndarray:
    """Find near duplicates: samples with the same caption and almost the same hash.

    Returns:
        Pairs of indices (P, 2), the smaller one first; sorted by the larger one.
    """
    known = np.flatnonzero(samples.hashes.any(axis=1))
    _, captions, counts = np.unique(samples.texts[known], return_inverse=True, return_counts=True)
    few = (counts[captions] > 1) & (counts[captions] <= MAX_SAME_CAPTION)
    known, captions = known[few], captions[few]
    order = np.argsort(captions, kind="stable")
    known, captions = known[order], captions[order]
    hashes = samples.hashes[known]
    pairs = [np.empty((0, 2), np.int64)]
    for distance in range(1, MAX_SAME_CAPTION):  # between samples in the order of captions
        same = np.flatnonzero(captions[distance:] == captions[:-distance])
        if not len(same):
            break
        bits = np.bitwise_count(hashes[same] ^ hashes[same + distance]).sum(1)
        near = same[bits <= MAX_DIFFERENT_BITS]
        pairs.append(np.stack([known[near], known[near + distance]], axis=1))
    found = np.concatenate(pairs)
    return found[np.lexsort((found[:, 0], found[:, 1]))]
