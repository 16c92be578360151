"""Captioned images in parts: found, spelt, split, and no sample lost without a word."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from ocr.data.ctc_feasibility import placed, spelt
from ocr.data.dataset import CaptionedImages
from ocr.data.images.preprocessing import INFERRED, SETTINGS, Preprocessor
from ocr.data.manifest import in_words, left_out, write_lists
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import ImageCache, survey
from ocr.data.split import cover, leaks, split
from ocr.data.text.bidi import infer_order, validate_order
from ocr.data.text.charset import Charset
from ocr.data.validation import require_share, require_whole
from ocr.errors import UserError
from ocr.log import info
from ocr.pluralize import pluralize


class Parts:
    """Splits the samples that a subclass finds, and prepares them.

    After `setup`: `charset`, `preprocessor`, `parts` (samples by part), `skipped`, and `unused`,
    the number of images that `train_images` leaves out.

    batch_size: images in a training step, on each device.
    min_images: images in an epoch, at least; a small set is gone through several times.
    views: how many images a reader is shown in training, from which the number of epochs follows.
    val_size, test_size: shares of the images. split_seed: another number, another split.
    train_images: how many to train on, drawn by content: fewer are a part of more. None: all.
    train_on_val: train on the validation images as well.
    height, width, channels, polarity, contrast, grey, frame: see `Preprocessor`.
    charset: the symbols; None takes those of the captions.
    order: of the characters in captions, one of `ORDERS`; None: by the captions.
    max_skipped: the share of samples that may be left out before the run ends.
    cache_mb: decoded images to hold in memory, in MiB; the others are decoded when needed.
    num_workers: processes that decode; None: as many as there are cores for the first
        look at many images, and in training if the cache can't hold the set.
    """

    def __init__(
        self,
        *,
        batch_size: int,
        min_images: int,
        views: int = 48_000,
        val_size: float,
        test_size: float,
        split_seed: int,
        folds: int | None,
        fold: int,
        train_images: int | None,
        stratify: bool,
        train_on_val: bool,
        height: int | None,
        width: int | None,
        channels: int | None,
        polarity: str | None,
        contrast: str,
        grey: str,
        frame: int = 0,
        charset: str | None,
        order: str | None,
        max_skipped: float,
        cache_mb: float,
        num_workers: int | None,
    ) -> None:
        super().__init__()
        require_whole(1, batch_size=batch_size, min_images=min_images, views=views)
        if num_workers is not None:
            require_whole(0, num_workers=num_workers)
        if train_images is not None:
            require_whole(1, train_images=train_images)
        if not (isinstance(cache_mb, int | float) and cache_mb >= 0):
            raise UserError(f"data.cache_mb={cache_mb}: give a number of MiB, 0 or more")
        require_share(val_size=val_size, test_size=test_size, max_skipped=max_skipped)
        self.preprocessor = Preprocessor(
            height, width, channels, polarity=polarity, contrast=contrast, grey=grey, frame=frame
        )
        self.charset = None if charset is None else Charset(str(charset))
        if order is not None:
            validate_order(order)
        self.order = order
        self.batch_size = batch_size
        self.min_images = min_images
        self.views = views
        self.cache = ImageCache(cache_mb)
        self.num_workers = num_workers
        self.shares = {"test": test_size, "val": val_size}
        self.split_seed = split_seed
        self.start = 0.0
        if folds is not None:
            if not (isinstance(folds, int) and folds >= 2):
                raise UserError(f"data.folds={folds}: give a whole number, 2 or more, or null")
            if not (isinstance(fold, int) and 0 <= fold < folds):
                raise UserError(f"data.fold={fold}: with data.folds={folds} give 0 to {folds - 1}")
            self.start, self.shares["test"] = fold / folds, 1 / folds
        self.folds = folds
        self.train_images = train_images
        self.stratify = stratify
        self.train_on_val = train_on_val
        self.max_skipped = max_skipped
        self._fitted = False
        self.unused = 0
        self.parts: dict[str, Sequence[Sample]] = {}
        self.skipped: list[Skipped] = []

    def find(self) -> dict[str, Sequence[Sample | Skipped]]:
        """Samples by part; the parts that are missing are cut from "train".

        What else it may set doesn't reach the later runs of a sweep, see ocr/data/seen.py.
        """
        raise NotImplementedError

    def require_source(self) -> None:
        """Raise UserError if `find` could find nothing at all. No image is looked at for that."""

    def state(self) -> dict[str, Any]:
        """How captions are spelt and images prepared: what a reader must know."""
        return {
            "symbols": self.charset.symbols,
            "order": self.charset.order,
            "preprocessor": self.preprocessor.state(),
        }

    def adopt(self, state: Mapping[str, Any]) -> None:
        """Spell and prepare as an earlier run did; to be called before `setup`."""
        preprocessor = Preprocessor(**state["preprocessor"])
        for key in SETTINGS:
            old, new = getattr(preprocessor, key), getattr(self.preprocessor, key)
            chosen = new is None and key in INFERRED
            if old != new and not chosen:
                raise UserError(f"data.{key} was {old} in the run to go on from, and is {new} here")
        order = state.get("order", "visual")  # as all were in the first checkpoints
        if self.order not in (order, None):
            raise UserError(
                f"data.order was {order} in the run to go on from, and is {self.order} here"
            )
        self.order = order
        self.charset = Charset(state["symbols"])
        self.preprocessor = preprocessor
        self._fitted = True

    def setup(self, stage: str | None = None) -> None:
        """Find and split the samples. Only the first call does anything."""
        if self.parts:
            return
        found = self.find()
        parts = {part: self._keep(samples) for part, samples in found.items()}
        self._require_images(parts)
        if text := self._only_text(parts):
            info(f"every caption is {text!r}: there is nothing to learn")
        if self.charset is None:
            self.charset = Charset.from_texts(self._texts(parts))
        else:
            parts = {part: self._spelt(kept) for part, kept in parts.items()}
            self._require_images(parts)
        self.charset.order = self.order or infer_order(self._texts(parts))
        if self.folds and "test" in parts:
            raise UserError("data.folds cuts the test part itself: leave data.test_dir out")
        shares = {part: share for part, share in self.shares.items() if part not in parts}
        if not shares.get("val", 1):
            raise UserError(
                "data.val_size=0 leaves nothing to validate on: raise it, or give data.val_dir"
            )
        self.parts = parts | self._split(parts["train"], shares)
        if self.stratify:
            self._cover(shares)
        if self.train_images is not None:
            self._limit(self.train_images)
        for leak in self._leaks():
            info(leak)
        if self.train_on_val:
            self.parts["train"] = self.parts["train"] + self.parts["val"]
        train = self.dataset("train")
        if not self._fitted:
            self.preprocessor.fit(
                [train.image(i) for i in range(0, len(train), max(1, len(train) // 256))]
            )

    def dataset(self, part: str) -> CaptionedImages:
        """The images of "train", "val" or "test"."""
        return CaptionedImages(self.parts[part], self.preprocessor, self.charset, self.cache)

    @property
    def repeats(self) -> int:
        """How often an epoch goes through the training images."""
        return max(1, ceil(self.min_images / len(self.parts["train"])))

    def survey(self, samples: Sequence[Sample]) -> None:
        """Choose by the images what the normalizer leaves to them, and say so."""
        preprocessor = self.preprocessor
        left_open = [key for key in INFERRED if getattr(preprocessor, key) is None]
        if left_open:
            survey(samples, preprocessor)
            chosen = " ".join(f"data.{key}={getattr(preprocessor, key)}" for key in left_open)
            info(f"chosen by the images: {chosen}")

    def _cover(self, shares: Mapping[str, float]) -> None:
        """Only among the parts that were cut here: those of the person's own stay as they are.

        So does a fold, for each image is to be tested once.
        """
        cut = {
            part: kept
            for part, kept in self.parts.items()
            if part in ("train", *shares) and not (part == "test" and self.folds)
        }
        parts, moved = cover(cut)
        if moved:
            info(
                f"{pluralize(len(moved), 'image')} moved to training, which had too few of some "
                "characters (data.stratify=false leaves them)"
            )
        self.parts |= parts

    def _limit(self, count: int) -> None:
        available = len(self.parts["train"])
        if count > available:
            raise UserError(f"data.train_images={count}: there are only {available} to train on")
        self.unused = available - count
        self.parts["train"] = self._first(self.parts["train"], count)

    def drop_infeasible(self, time_steps: Callable[[int], int]) -> None:
        """Skip captions that need more steps than `time_steps` gives for their image's width.

        CTC puts at most one character on a step, and a blank between equal neighbours.
        """
        self.parts = {part: self._placed(kept, time_steps) for part, kept in self.parts.items()}

    def report(self, folder: Path) -> None:
        """Write split.csv and skipped.csv into `folder`, and say what was left out.

        Raises UserError if that is more than `max_skipped` of all, or leaves a part empty.
        """
        write_lists(folder, self.parts, self.skipped)
        self.require_enough(f"; all are listed in {folder / 'skipped.csv'}")
        if self.lost:
            info(f"{left_out(self.lost, self.total)}. All are listed in skipped.csv")

    def require_enough(self, listed: str = "") -> None:
        """Raise UserError if more than `max_skipped` of all is left out, or a part is empty.

        listed: where all that is left out can be seen, as the end of the message.
        """
        if len(self.lost) > self.max_skipped * self.total:
            allowed = f"That is more than data.max_skipped={self.max_skipped} allows"
            raise UserError(f"{left_out(self.lost, self.total)}. {allowed}{listed}")
        self._require_images(self.parts)

    @property
    def lost(self) -> list[Skipped]:
        """What is left out and counts towards `max_skipped`."""
        return [one for one in self.skipped if one.lost]

    @property
    def total(self) -> int:
        """Samples, with those that are lost or not trained on."""
        return len(self.lost) + self.unused + sum(map(len, self.parts.values()))

    def _require_images(self, parts: Mapping[str, Sequence[Sample]]) -> None:
        for part, samples in parts.items():
            if not samples:
                raise UserError(f"no usable {part} image: {in_words(self.lost or self.skipped)}")

    def _keep(self, samples: Iterable[Sample | Skipped]) -> list[Sample]:
        kept = []
        for sample in samples:
            (kept if isinstance(sample, Sample) else self.skipped).append(sample)
        return kept

    def _only_text(self, parts: Mapping[str, Sequence[Sample]]) -> str | None:
        """The one caption of all images, if there are several."""
        texts = self._texts(parts)
        first = next(texts)
        others = (text == first for text in texts)
        return first if next(others, False) and all(others) else None

    # `PackedData` does the next six with whole columns.
    def _texts(self, parts: Mapping[str, Sequence[Sample]]) -> Iterator[str]:
        return (sample.text for kept in parts.values() for sample in kept)

    def _spelt(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        return self._keep(spelt(sample, self.charset) for sample in samples)

    def _split(
        self, samples: Sequence[Sample], shares: Mapping[str, float]
    ) -> dict[str, Sequence[Sample]]:
        return split(samples, shares, self.start, even=self.folds is not None)

    def _first(self, samples: Sequence[Sample], count: int) -> Sequence[Sample]:
        return sorted(samples, key=lambda sample: (sample.digest, sample.name))[:count]

    def _placed(
        self, samples: Sequence[Sample], time_steps: Callable[[int], int]
    ) -> Sequence[Sample]:
        return self._keep(placed(sample, self.charset, time_steps) for sample in samples)

    def _leaks(self) -> Iterator[str]:
        return leaks(self.parts)
