"""Captioned images: found, scanned, checked and split, with a list of all that are left out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ocr.data.ctc_feasibility import drop_infeasible, drop_outside_charset
from ocr.data.dataset import CaptionedImages
from ocr.data.images.preprocessing import INFERRED, SETTINGS, Preprocessor
from ocr.data.loader import Loader
from ocr.data.manifest import describe_skipped, no_usable_image, write_lists
from ocr.data.samples import Samples, Skipped
from ocr.data.scan import Observer, Scanner, drop_conflicts
from ocr.data.sources.sample_source import SampleSource
from ocr.data.split import Splitter
from ocr.data.text.bidi import infer_order, validate_order
from ocr.data.text.charset import Charset
from ocr.data.validation import require_share
from ocr.errors import SettingError, UserError
from ocr.log import info

FITTED_ON = 256  # about as many training images are measured for mean and std


class CaptionedData:
    """Finds samples, leaves out the unusable ones, and splits the rest.

    Args:
        source: Finds the samples.
        preprocessor: Prepares images; its open settings are inferred from the images.
        splitter: Splits the samples into train, val and test.
        loader: Makes batches, and keeps decoded images.
        charset: The symbols; None: the characters of the captions.
        order: The order of the characters in captions, see `Charset`; None: inferred.
        max_skipped: The largest share of samples that may be left out.
        observer: See `Scanner`.

    Attributes:
        found: All usable samples, before they are checked against the charset and split.
        parts: The samples of train, val, and test if there is one; filled by `setup`.
        skipped: The samples that are left out.
        observations: See `Scanner`.

    Raises:
        UserError: A value is out of range.
    """

    def __init__(
        self,
        source: SampleSource,
        preprocessor: Preprocessor,
        splitter: Splitter,
        loader: Loader,
        *,
        charset: str | None = None,
        order: str | None = None,
        max_skipped: float = 1.0,
        observer: Observer | None = None,
    ) -> None:
        super().__init__()
        require_share(max_skipped=max_skipped)
        if order is not None:
            validate_order(order)
        self.source = source
        self.preprocessor = preprocessor
        self.splitter = splitter
        self.loader = loader
        self._charset: Charset | None = (
            None if charset is None else Charset(source.normalizer.normalize_charset(str(charset)))
        )
        self.order = source.order or order
        self.max_skipped = max_skipped
        self.found = Samples.from_rows([])
        self.parts: dict[str, Samples] = {}
        self.skipped: list[Skipped] = []
        self.observations: dict[str, Any] = {}
        self._observer = observer
        self._adopted = False

    @property
    def charset(self) -> Charset:
        """The symbols of the captions; set by `setup` unless given."""
        if self._charset is None:
            raise RuntimeError("the charset is not known before setup()")
        return self._charset

    @charset.setter
    def charset(self, charset: Charset) -> None:
        self._charset = charset

    def state(self) -> dict[str, Any]:
        """Return what a reader needs: how captions are encoded and images prepared."""
        return {
            "symbols": self.charset.symbols,
            "order": self.charset.order,
            "preprocessor": self.preprocessor.state(),
        }

    def adopt(self, state: Mapping[str, Any]) -> None:
        """Encode captions and prepare images as in an earlier run; call it before `setup`.

        Args:
            state: The result of `state` in that run.

        Raises:
            UserError: A setting differs from that run's.
        """
        preprocessor = Preprocessor(**state["preprocessor"])
        for key in SETTINGS:
            old, new = getattr(preprocessor, key), getattr(self.preprocessor, key)
            if old != new and not (new is None and key in INFERRED):
                old = "null" if old is None else old
                raise SettingError(
                    f"data.{key}={new} differs from the earlier run: give data.{key}={old}"
                )
        if self.order not in (state["order"], None):
            raise SettingError(
                f"data.order={self.order} differs from the earlier run: give "
                f"data.order={state['order']}"
            )
        self.order = state["order"]
        self.charset = Charset(state["symbols"])
        self.preprocessor = preprocessor
        self._adopted = True

    def setup(self, stage: str | None = None) -> None:
        """Find and split the samples; further calls do nothing."""
        if self.parts:
            return
        self.found = self._find()
        samples = self.found
        self._require_images(self._by_folder(samples))
        if len(samples) > 1 and (samples.texts == samples.texts[0]).all():
            info(f"every caption is {samples.texts[0]!r}: there is nothing to learn")
        if self._charset is None:
            self.charset = Charset.from_texts(samples.texts)
        else:
            samples, outside = drop_outside_charset(samples, self.charset)
            self.skipped += outside
            self._require_images(self._by_folder(samples))
        self.charset.order = self.order or infer_order(samples.texts)
        self.parts = self.splitter.split(self._by_folder(samples))
        if not self._adopted:
            train = self.dataset("train")
            step = max(1, len(train) // FITTED_ON)
            self.preprocessor.fit([train.image(i) for i in range(0, len(train), step)])

    def drop_infeasible(self, time_steps: Callable[[int], int]) -> None:
        """Leave out samples whose captions need more time steps than their images give.

        Args:
            time_steps: Returns the encoder's time steps for a width in pixels.
        """
        for part, samples in self.parts.items():
            self.parts[part], skipped = drop_infeasible(samples, self.charset, time_steps)
            self.skipped += skipped

    def dataset(self, part: str) -> CaptionedImages:
        """Return the dataset of "train", "val" or "test"."""
        return CaptionedImages(self.parts[part], self.preprocessor, self.charset, self.loader.cache)

    @property
    def repeats(self) -> int:
        """How many times an epoch repeats the training images."""
        return self.loader.repeats(len(self.parts["train"]))

    @property
    def unusable(self) -> list[Skipped]:
        """The samples that are left out and count towards `max_skipped`."""
        return [skipped for skipped in self.skipped if skipped.is_unusable]

    @property
    def total(self) -> int:
        """The number of all samples, also those that are unusable or not trained on."""
        return len(self.unusable) + self.splitter.unused + sum(map(len, self.parts.values()))

    def report(self, folder: Path) -> None:
        """Write split.csv and skipped.csv into `folder`, and log what was left out.

        Raises:
            UserError: See `require_enough`.
        """
        write_lists(folder, self.parts, self.skipped)
        self.require_enough(folder / "skipped.csv")
        if self.unusable:
            info(f"{describe_skipped(self.unusable, self.total)}. All are listed in skipped.csv")

    def require_enough(self, list_file: Path | None = None) -> None:
        """Raise UserError if more than `max_skipped` of all are left out, or a part is empty.

        Args:
            list_file: The list of all that is left out, which the message names.
        """
        if len(self.unusable) > self.max_skipped * self.total:
            allowed = f"That is more than data.max_skipped={self.max_skipped} allows"
            listed = f"; all are listed in {list_file}" if list_file else ""
            raise UserError(
                f"{describe_skipped(self.unusable, self.total)}. {allowed}{listed}", file=list_file
            )
        self._require_images(self.parts)

    def _find(self) -> Samples:
        scanner = Scanner(
            self.preprocessor,
            self.loader.cache,
            self.splitter.seed,
            self.loader.num_workers,
            self._observer,
        )
        self.observations = scanner.observations
        samples, skipped = self.source.find(scanner)
        samples, conflicts = drop_conflicts(samples)
        self.skipped += skipped + conflicts
        return samples

    def _by_folder(self, samples: Samples) -> dict[str, Samples]:
        """Return the samples of each part that has a folder of its own."""
        return {
            part: samples.take(np.flatnonzero(samples.folders == number))
            for number, part in enumerate(self.source.parts)
        }

    def _require_images(self, parts: Mapping[str, Samples]) -> None:
        for part, samples in parts.items():
            if not len(samples):
                raise no_usable_image(part, self.skipped)
