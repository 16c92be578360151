"""Split samples into train, val and test by the content of each image."""

from collections.abc import Iterator, Mapping
from math import ceil

import numpy as np

from ocr.data.character_coverage import ensure_character_coverage
from ocr.data.duplicates import duplicate_groups
from ocr.data.samples import Samples
from ocr.data.validation import require_share, require_whole
from ocr.errors import SettingError, UserError
from ocr.formatting import pluralize
from ocr.log import info


class Splitter:
    """Splits samples into the parts train, val and test.

    Args:
        val_size, test_size: Shares of the images.
        split_seed: Another number gives another split.
        folds: The number of equal shares, one of which is the test part; None: no folds.
        fold: The number of that share, from 0.
        train_images: The number of images to train on, chosen by content, so that a smaller number
            gives a subset; None: all.
        stratify: Whether to move images to train, see `ensure_character_coverage`.
        train_on_val: Whether to train on the validation images as well.

    Attributes:
        unused: The number of images that `train_images` left out of the last split.

    Raises:
        UserError: A value is out of range.
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
        """Split "train" into the parts that are missing, and log moved and leaked images.

        Args:
            given: The samples by part; "train" and the parts that have their own folders.

        Returns:
            The samples of train, val, and test if there is one.

        Raises:
            UserError: The settings contradict the given parts, or there are too few images.
        """
        if self.folds and "test" in given:
            raise SettingError("data.folds chooses the test images: leave out data.test_dir")
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
        """Return `duplicate_groups` with this split seed, uint64 (N,)."""
        return duplicate_groups(samples, self.seed)

    def _covered(
        self, parts: Mapping[str, Samples], shares: Mapping[str, float]
    ) -> dict[str, Samples]:
        """Move images to train, but not from given parts or from a fold."""
        movable = {
            part: samples
            for part, samples in parts.items()
            if part in ("train", *shares) and not (part == "test" and self.folds)
        }
        covered, moved = ensure_character_coverage(movable, self.seed)
        if moved:
            info(
                f"{pluralize(moved, 'image')} moved to training, which had too few of some "
                "characters (data.stratify=false turns this off)"
            )
        return covered

    def _limited(self, train: Samples, count: int) -> Samples:
        """Return the `count` training images with the smallest digests."""
        if count > len(train):
            raise SettingError(
                f"data.train_images={count}: there are only {len(train)} training images"
            )
        self.unused = len(train) - count
        by_name = np.argsort(np.argsort(train.names, kind="stable"), kind="stable")
        return train.take(np.lexsort((by_name, train.digests))[:count])


def cut(
    digests: np.ndarray, shares: Mapping[str, float], start: float = 0.0, even: bool = False
) -> dict[str, np.ndarray]:
    """Split images by their digests, which are evenly distributed over 64 bits.

    Each part gets an interval of digests, so other images don't change the part of an image. Only
    if a part of a very small set would be empty, borders move by as few images as possible.

    Args:
        digests: uint64 (N,), equal for images that must stay together.
        shares: The shares of val and test, from 0 to below 1; the rest is for training.
        start: Where the first part begins, as a share of all digests; they continue from the last
            to the first. For folds.
        even: Whether to space the digests evenly in their order, so that folds are equally large
            and never empty; an image's fold then depends on the number of images.

    Returns:
        The ascending indices of each part's images; "train" comes first.

    Raises:
        UserError: The shares are impossible, or there are too few images.
    """
    for part, share in shares.items():
        if not 0 <= share < 1:
            raise SettingError(
                f"data.{part}_size={share}: give a share of the images, from 0 to below 1"
            )
    if sum(shares.values()) >= 1:
        keys = " and ".join(f"data.{part}_size={share}" for part, share in shares.items())
        raise SettingError(f"{keys} leave no images to train on: give a sum below 1")
    shares = {part: share for part, share in shares.items() if share > 0}
    if even:
        different, where = np.unique(digests, return_inverse=True)
        # With this offset no digest lies on the border of a fold.
        digests = ((where + 0.381966) / len(different) * 2.0**64).astype(np.uint64)
    digests = digests - np.uint64(round(start * 2**64))  # wraps around below 0
    different, _ = np.unique(digests, return_index=True)  # twice as fast as without the index
    if len(different) <= len(shares):
        without_test = " or give data.test_size=0" if "test" in shares and not even else ""
        raise UserError(
            f"{pluralize(len(different), 'different image')}: too few for the parts train, "
            f"{', '.join(shares)}: add images{without_test}"
        )
    cuts, border = [], 0.0
    for share in shares.values():
        border += share
        cuts.append(int(np.searchsorted(different, np.uint64(ceil(border * 2**64)))))
    for i in range(len(cuts)):  # leave at least one image for the part below each cut,
        cuts[i] = max(cuts[i], cuts[i - 1] + 1 if i else 1)
    for i in reversed(range(len(cuts))):  # and for the part above the last one
        cuts[i] = min(cuts[i], (cuts[i + 1] if i + 1 < len(cuts) else len(different)) - 1)
    owner = np.searchsorted(different[cuts], digests, side="right")
    parts = {part: np.flatnonzero(owner == i) for i, part in enumerate([*shares, "train"])}
    return {"train": parts.pop("train"), **parts}


def leaks(parts: Mapping[str, Samples]) -> Iterator[str]:
    """Yield a warning for each part with images that are training images as well."""
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
            yield f"{images} ({found}): {part} scores will be too good"
