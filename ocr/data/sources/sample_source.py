"""The interface of all sources of samples."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from ocr.data.samples import Samples, Skipped
from ocr.data.scan import Scanner
from ocr.data.text.unicode import TextNormalizer


class Found(NamedTuple):
    """The result of `SampleSource.find`.

    Attributes:
        samples: The samples whose images can be read.
        skipped: The samples that are left out.
    """

    samples: Samples
    skipped: list[Skipped]


class SampleSource(ABC):
    """Finds captioned images.

    Attributes:
        parts: The parts that have their own images: "train", and perhaps "val" and "test".
        normalizer: Normalizes captions and the charset of the config.
        order: The order of the characters in captions, see `Charset`; None: inferred.
    """

    parts: tuple[str, ...] = ("train",)
    normalizer = TextNormalizer()
    order: str | None = None

    def check(self) -> None:  # noqa: B027, most sources have nothing to check
        """Raise UserError if there are no samples, without reading an image."""

    def prepare(self) -> None:  # noqa: B027
        """Download the images if they are missing."""

    @abstractmethod
    def find(self, scanner: Scanner) -> Found:
        """Find all samples.

        Args:
            scanner: Reads images, and infers the preprocessor's open settings from them.
        """
