"""Decide which images train, validate and test, by each image's own content."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import ceil

import numpy as np

from ocr.data.duplicates import duplicate_groups
from ocr.data.samples import Samples
from ocr.data.scan import content_digest
from ocr.data.validation import require_share, require_whole
from ocr.errors import SettingError, UserError
from ocr.formatting import pluralize
from ocr.log import info

PARTS = ("train", "val", "test")
ENOUGH = 5  # training images that show a character
SPARED = 0.25  # of a part's images, to let training have enough
MIXING = 0x9E3779B97F4A7C15  # 2**64 / the golden ratio (Knuth 1973, section 6.4)


class Splitter:
    """Splits samples into the parts train, val and test.

    Args:
        val_size, test_size: Shares of the images.
        split_seed: Another number gives another split.
        folds: The test part is one of so many equal shares; None: no folds.
        fold: Which one, from 0.
        train_images: How many to train on, drawn by content, so that fewer are a subset of more;
            None: all.
        stratify: See `ensure_character_coverage`.
        train_on_val: Train on the validation images as well.

    Attributes:
        unused: How many images `train_images` leaves out of the last split.
    """

    def __init__(
        self,
        *,
        val_size: float,
        test_size: float,
        split_seed: int,
        folds: int | None = None,
        fold: int = 0,
        train_images: int | None = None,
        stratify: bool = False,
        train_on_val: bool = False,
    ) -> None:
        require_share(val_size=val_size, test_size=test_size)
        if train_images is not None:
            require_whole(1, train_images=train_images)
        self.shares = {"test": test_size, "val": val_size}
        self.seed = split_seed
        self.start = 0.0
        if folds is not None:
            if not (isinstance(folds, int) and folds >= 2):
                raise SettingError(f"data.folds={folds}: give a whole number, 2 or more, or null")
            if not (isinstance(fold, int) and 0 <= fold < folds):
                raise SettingError(
                    f"data.fold={fold}: with data.folds={folds} give 0 to {folds - 1}"
                )
            self.start, self.shares["test"] = fold / folds, 1 / folds
        self.folds = folds
        self.train_images = train_images
        self.stratify = stratify
        self.train_on_val = train_on_val
        self.unused = 0

    def split(self, given: Mapping[str, Samples]) -> dict[str, Samples]:
        """Cut the parts that are missing from "train", and say what is worth knowing of them.

        Args:
            given: The samples by part, "train" at least.
        """
        if self.folds and "test" in given:
            raise SettingError("data.folds cuts the test part itself: leave data.test_dir out")
        shares = {part: share for part, share in self.shares.items() if part not in given}
        if not shares.get("val", 1):
            raise SettingError(
                "data.val_size=0 leaves nothing to validate on: raise it, or give data.val_dir"
            )
        train = given["train"]
        indices = cut(self.groups(train), shares, self.start, even=self.folds is not None)
        parts = dict(given) | {part: train.take(where) for part, where in indices.items()}
        if self.stratify:
            parts |= self._covered(parts, shares)
        if self.train_images is not None:
            parts["train"] = self._limited(parts["train"], self.train_images)
        for line in leaks(parts):
            info(line)
        if self.train_on_val:
            parts["train"] = Samples.concatenate([parts["train"], parts["val"]])
        return parts

    def groups(self, samples: Samples) -> np.ndarray:
        """Return `duplicate_groups` under this seed, uint64 (N,)."""
        return duplicate_groups(samples, group_digests(samples, self.seed))

    def _covered(
        self, parts: Mapping[str, Samples], shares: Mapping[str, float]
    ) -> dict[str, Samples]:
        """Move images only among the parts that were cut here, and never out of a fold."""
        cut_here = {
            part: samples
            for part, samples in parts.items()
            if part in ("train", *shares) and not (part == "test" and self.folds)
        }
        covered, moved = ensure_character_coverage(cut_here, self.seed)
        if moved:
            info(
                f"{pluralize(moved, 'image')} moved to training, which had too few of some "
                "characters (data.stratify=false leaves them)"
            )
        return covered

    def _limited(self, train: Samples, count: int) -> Samples:
        if count > len(train):
            raise SettingError(
                f"data.train_images={count}: there are only {len(train)} to train on"
            )
        self.unused = len(train) - count
        by_name = np.argsort(np.argsort(train.names, kind="stable"), kind="stable")
        return train.take(np.lexsort((by_name, train.digests))[:count])


def group_digests(samples: Samples, seed: int) -> np.ndarray:
    """Return digests of the samples' groups, uint64 (N,); 0 where there is no group."""
    groups, which = np.unique(samples.groups, return_inverse=True)
    return np.array(
        [content_digest(group.encode(), seed) if group else 0 for group in groups.tolist()],
        np.uint64,
    )[which]


def cut(
    digests: np.ndarray, shares: Mapping[str, float], start: float = 0.0, even: bool = False
) -> dict[str, np.ndarray]:
    """Share out images by their digests, which an even draw by content and split seed gave them.

    An image's part depends on no other images than those that share its digest. Only where a
    very small set would leave a part empty do the borders move, by as few images as possible.

    Args:
        digests: uint64 (N,), one number for all images that must stay together.
        shares: Of the parts, from 0 to below 1; the rest is for training.
        start: Where in the circle of digests the first part begins, from 0 to 1; for folds.
        even: Space the digests evenly, in their order, so that folds are of one size and none is
            empty; an image's fold then depends on how many others there are.

    Returns:
        The indices of each part's images, in order; "train" comes first.

    Raises:
        UserError: The shares are impossible, or there are too few images.
    """
    for part, share in shares.items():
        if not 0 <= share < 1:
            raise SettingError(
                f"data.{part}_size={share} is a share of the images: 0 up to below 1"
            )
    if sum(shares.values()) >= 1:
        keys = " and ".join(f"data.{part}_size={share}" for part, share in shares.items())
        raise SettingError(f"{keys} leave no images to train on: together they must be below 1")
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


def ensure_character_coverage(
    parts: Mapping[str, Samples], seed: int = 0
) -> tuple[dict[str, Samples], int]:
    """Move images to "train" until it holds enough of every character.

    Enough is ENOUGH images, or its share of those that show the character if that is less, and at
    least one: what was hardly seen in training can't be read, so a test on it says nothing. Images
    move with their duplicates and groups, all parts giving alike. A part gives up to SPARED of its
    images, more only for a character that training lacks entirely, and never its last one.

    Returns:
        The parts, and how many images moved.
    """
    pool = [(part, i) for part in parts if part != "train" for i in range(len(parts[part]))]
    if not pool:
        return dict(parts), 0
    samples = Samples.concatenate(table for part, table in parts.items() if part != "train")
    texts = samples.texts.tolist()
    numbers = duplicate_groups(samples, group_digests(samples, seed)).tolist()
    groups = defaultdict(list)
    for row, ((part, _), number) in enumerate(zip(pool, numbers, strict=True)):
        groups[part, number].append(row)
    # A part's digests are neighbours, as it was cut from their circle: mixed anew, none is first.
    order = sorted(groups, key=lambda group: (group[1] * MIXING % 2**64, group))
    given: dict[str, list[int]] = {part: [] for part in parts}
    seen = _showing(parts["train"].texts)
    shown = seen + _showing(texts)
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
            part, rows = group[0], groups[group]
            most = min(spared * len(parts[part]), len(parts[part]) - 1)
            if (
                any(wanted[character] > 0 for row in rows for character in texts[row])
                and len(given[part]) + len(rows) <= most
            ):
                given[part] += rows
                wanted.subtract(found := _showing(texts[row] for row in rows))
                seen += found
                groups[group] = []
    moved = [row for rows in given.values() for row in rows]
    covered = {
        part: table.without(pool[row][1] for row in given[part]) for part, table in parts.items()
    }
    covered["train"] = Samples.concatenate([covered["train"], samples.take(moved)])
    return covered, len(moved)


def _showing(texts: Iterable[str]) -> Counter[str]:
    """Count the texts that have each character."""
    return Counter(character for text in texts for character in set(text))


def leaks(parts: Mapping[str, Samples]) -> Iterator[str]:
    """Say which validation and test images are training images as well."""
    train = parts["train"]
    for part in ("val", "test"):
        if part not in parts:
            continue
        both = np.flatnonzero(np.isin(parts[part].digests, train.digests))
        if len(both):
            images = pluralize(
                len(both),
                f"{part} image is also a training image",
                f"{part} images are also training images",
            )
            first = parts[part][both[0]]
            trained = train[np.flatnonzero(train.digests == first.digest)[-1]].name
            found = f"the first: {first.name} is {trained}"
            if first.name == trained:
                found = f"the first: {first.name}; name a folder of other images as data.{part}_dir"
            yield f"{images} ({found}): {part} scores flatter"
