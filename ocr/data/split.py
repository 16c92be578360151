"""Who trains, who validates, who tests: decided by each image's own content."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil

import numpy as np

from ocr.data.duplicates import duplicate_groups
from ocr.data.samples import Sample
from ocr.errors import UserError
from ocr.pluralize import pluralize

ENOUGH = 5  # training images that show a character
SPARED = 0.25  # of a part's images, to let training have enough
MIXING = 0x9E3779B97F4A7C15  # 2**64 / the golden ratio (Knuth 1973, section 6.4)


def split(
    samples: Sequence[Sample],
    shares: Mapping[str, float],
    start: float = 0.0,
    even: bool = False,
) -> dict[str, list[Sample]]:
    """Share out `samples`: to each part of `shares` about its share, the rest to "train"."""
    numbers = np.array(duplicate_groups(samples), np.uint64)
    return {
        part: [samples[i] for i in where]
        for part, where in cut(numbers, shares, start, even).items()
    }


def cut(
    digests: np.ndarray, shares: Mapping[str, float], start: float = 0.0, even: bool = False
) -> dict[str, np.ndarray]:
    """Where in `digests` (uint64) each part's are, in order.

    A digest is a number drawn evenly by content and split seed, so an image's part depends on
    no other images than its duplicates and its group, which share one. Only where a very small
    set would leave a part empty do the borders move, by as few images as possible.
    start: where in the circle of digests the first part begins, 0 to 1; for folds.
    even: space the digests evenly, in their order, so that folds are of one size and none is
        empty; an image's fold then depends on how many others there are.
    """
    for part, share in shares.items():
        if not 0 <= share < 1:
            raise UserError(f"data.{part}_size={share} is a share of the images: 0 up to below 1")
    if sum(shares.values()) >= 1:
        keys = " and ".join(f"data.{part}_size={share}" for part, share in shares.items())
        raise UserError(f"{keys} leave no images to train on: together they must be below 1")
    shares = {part: share for part, share in shares.items() if share > 0}
    if even:
        different, where = np.unique(digests, return_inverse=True)
        # No multiple of a fold's share comes near such a fraction, so borders fall between.
        digests = ((where + 0.381966) / len(different) * 2.0**64).astype(np.uint64)
    digests = digests - np.uint64(round(start * 2**64))  # around the circle
    different, _ = np.unique(digests, return_index=True)  # the index makes it sort: twice as quick
    if len(different) <= len(shares):
        without_test = ", or do without a test part (data.test_size=0)"
        without_test = without_test if "test" in shares and not even else ""
        raise UserError(
            f"{pluralize(len(different), 'different image')}: too few for the parts train, "
            f"{', '.join(shares)}: add images{without_test}"
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


def cover(parts: dict[str, list[Sample]]) -> tuple[dict[str, list[Sample]], list[Sample]]:
    """Move images to "train" until it holds enough of every character; returns the parts and who
    moved.

    Enough is ENOUGH images, or its share of those that show the character if that is less, and at
    least one: what was hardly seen in training can't be read, so a test on it says nothing. Images
    move with their families, all parts giving alike. A part gives up to SPARED of its images, more
    only for a character that training hasn't got at all, and never its last one.
    """
    pool = [(part, s) for part, kept in parts.items() if part != "train" for s in kept]
    groups = defaultdict(list)
    for (part, sample), number in zip(pool, duplicate_groups([s for _, s in pool]), strict=True):
        groups[part, number].append(sample)
    # A part's digests are neighbours, as it was cut from their circle: mixed anew, none is first.
    order = sorted(groups, key=lambda group: (group[1] * MIXING % 2**64, group))
    given: dict[str, list[Sample]] = {part: [] for part in parts}
    seen = _showing(parts["train"])
    shown = seen + _showing(sample for _, sample in pool)
    total = sum(map(len, parts.values()))
    for enough, spared in ((1, 1.0), (ENOUGH, SPARED)):
        wanted = Counter(
            {
                character: min(enough, max(1, len(parts["train"]) * count // total))
                for character, count in shown.items()
            }
        )
        wanted.subtract(seen)
        for group in order:
            part, relatives = group[0], groups[group]
            most = min(spared * len(parts[part]), len(parts[part]) - 1)
            if (
                any(wanted[character] > 0 for s in relatives for character in s.text)
                and len(given[part]) + len(relatives) <= most
            ):
                given[part] += relatives
                wanted.subtract(found := _showing(relatives))
                seen += found
                groups[group] = []
    moved = [sample for kept in given.values() for sample in kept]
    gone = set(map(id, moved))
    covered = {part: [s for s in kept if id(s) not in gone] for part, kept in parts.items()}
    covered["train"] += moved
    return covered, moved


def _showing(samples: Iterable[Sample]) -> Counter[str]:
    """How many of `samples` show each character."""
    return Counter(character for sample in samples for character in set(sample.text))


def leaks(parts: Mapping[str, Sequence[Sample]]) -> Iterator[str]:
    """What is to be said of validation and test images that are training images as well."""
    seen = {sample.digest: sample.name for sample in parts["train"]}
    for part in ("val", "test"):
        both = [sample for sample in parts.get(part, ()) if sample.digest in seen]
        if both:
            images = pluralize(
                len(both),
                f"{part} image is also a training image",
                f"{part} images are also training images",
            )
            first, trained = both[0].name, seen[both[0].digest]
            found = f"the first: {first} is {trained}"
            if first == trained:
                found = f"the first: {first}; name a folder of other images as data.{part}_dir"
            yield f"{images} ({found}): {part} scores flatter"
