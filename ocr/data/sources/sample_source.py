"""What all sources of samples have in common."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from ocr.data.samples import Samples, Skipped
from ocr.data.scan import Scanner
from ocr.data.text.unicode import TextNormalizer


class Found(NamedTuple):
    """Samples whose images can be read, and those that can't be used.

    Attributes:
        samples: `Samples.folders` counts the source's `parts`.
        skipped: The others.
    """

    samples: Samples
    skipped: list[Skipped]


class SampleSource(ABC):
    """Finds captioned images.

    Attributes:
        parts: The parts that have images of their own: "train", and perhaps "val" and "test".
        normalizer: Spells captions, and the charset that a user gives.
        order: Of the characters in captions, see `Charset`; None: by the captions.
    """

    parts: tuple[str, ...] = ("train",)
    normalizer = TextNormalizer()
    order: str | None = None

    def check(self) -> None:  # noqa: B027, for most sources there is nothing to check
        """Raise UserError if `find` could find nothing at all, without reading an image."""

    def prepare(self) -> None:  # noqa: B027
        """Bring the images here, if they are elsewhere."""

    @abstractmethod
    def find(self, scanner: Scanner) -> Found:
        """Find all samples.

        Args:
            scanner: Reads images, and chooses what the preprocessor leaves to them.
        """
