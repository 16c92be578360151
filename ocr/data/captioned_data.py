"""Captioned images in parts: found, scanned, split, and every one that is left out listed."""

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

FITTED_ON = 256  # training images that mean and std are of, about


class CaptionedData:
    """Finds samples, leaves out what can't be learnt, and splits the rest.

    Args:
        source: Finds the samples.
        preprocessor: Prepares images; what it leaves open is chosen by the images.
        splitter: Splits them into parts.
        loader: Makes batches of them, and holds decoded images.
        charset: The symbols; None: those of the captions.
        order: Of the characters in captions, see `Charset`; None: by the captions.
        max_skipped: The share of samples that may be left out before the run ends.
        observer: See `Scanner`.

    Attributes:
        found: All usable samples, before captions are checked against the charset and split.
        parts: Samples by part, after `setup`: train, val, and test if there is one.
        skipped: What is left out.
        observations: See `Scanner`.
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
        """The symbols of the captions; known after `setup`."""
        if self._charset is None:
            raise RuntimeError("the charset is known after setup()")
        return self._charset

    @charset.setter
    def charset(self, charset: Charset) -> None:
        self._charset = charset

    def state(self) -> dict[str, Any]:
        """Return what a reader must know: how captions are encoded and images prepared."""
        return {
            "symbols": self.charset.symbols,
            "order": self.charset.order,
            "preprocessor": self.preprocessor.state(),
        }

    def adopt(self, state: Mapping[str, Any]) -> None:
        """Encode captions and prepare images as an earlier run did. Call it before `setup`.

        Args:
            state: What `state` returned there.

        Raises:
            UserError: A setting was another one there.
        """
        preprocessor = Preprocessor(**state["preprocessor"])
        for key in SETTINGS:
            old, new = getattr(preprocessor, key), getattr(self.preprocessor, key)
            if old != new and not (new is None and key in INFERRED):
                raise SettingError(
                    f"data.{key} was {old} in the run to go on from, and is {new} here"
                )
        if self.order not in (state["order"], None):
            raise SettingError(
                f"data.order was {state['order']} in the run to go on from, and is {self.order} "
                "here"
            )
        self.order = state["order"]
        self.charset = Charset(state["symbols"])
        self.preprocessor = preprocessor
        self._adopted = True

    def setup(self, stage: str | None = None) -> None:
        """Find and split the samples. Only the first call does anything."""
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
        """Leave out captions that need more steps than `time_steps` gives for an image's width."""
        for part, samples in self.parts.items():
            self.parts[part], skipped = drop_infeasible(samples, self.charset, time_steps)
            self.skipped += skipped

    def dataset(self, part: str) -> CaptionedImages:
        """Return the images of "train", "val" or "test"."""
        return CaptionedImages(self.parts[part], self.preprocessor, self.charset, self.loader.cache)

    @property
    def repeats(self) -> int:
        """How often an epoch goes through the training images."""
        return self.loader.repeats(len(self.parts["train"]))

    @property
    def unusable(self) -> list[Skipped]:
        """What is left out and counts towards `max_skipped`."""
        return [skipped for skipped in self.skipped if skipped.is_unusable]

    @property
    def total(self) -> int:
        """The number of samples, with those that are unusable or not trained on."""
        return len(self.unusable) + self.splitter.unused + sum(map(len, self.parts.values()))

    def report(self, folder: Path) -> None:
        """Write split.csv and skipped.csv into `folder`, and say what was left out.

        Raises:
            UserError: As `require_enough`.
        """
        write_lists(folder, self.parts, self.skipped)
        self.require_enough(folder / "skipped.csv")
        if self.unusable:
            info(f"{describe_skipped(self.unusable, self.total)}. All are listed in skipped.csv")

    def require_enough(self, list_file: Path | None = None) -> None:
        """Raise UserError if more than `max_skipped` of all is left out, or a part is empty.

        Args:
            list_file: Where all that is left out is listed, for the message.
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
        return {
            part: samples.take(np.flatnonzero(samples.folders == number))
            for number, part in enumerate(self.source.parts)
        }

    def _require_images(self, parts: Mapping[str, Samples]) -> None:
        for part, samples in parts.items():
            if not len(samples):
                raise no_usable_image(part, self.skipped)
