"""Samples, and why some are left out."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ocr.data.images.loading import ImageSource


@dataclass(frozen=True, slots=True)
class Sample:
    """An image and its caption.

    digest: 64 bits of the content; equal images have equal digests. Splits follow from it.
    width: in pixels, as the network will see the image.
    group: images that share it stay on one side of a split; "" for none.
    group_digest: 64 bits of `group`. look: a perceptual hash, see `perceptual_hash`.
    """

    name: str
    text: str
    digest: int = 0
    width: int = 0
    group: str = ""
    group_digest: int = 0
    look: int = 0

    def source(self) -> ImageSource:
        """What `Preprocessor.decode` takes: here the file's bytes."""
        return Path(self.name).read_bytes()


class SkipReason(Enum):
    """Why a sample is left out; skipped.csv has the lower-case name in its column `kind`."""

    NO_CAPTION = "no caption"
    EMPTY_CAPTION = "the caption has no characters"
    CONTROL_CHARACTER = "the caption has a control character"
    UNREADABLE_CAPTION = "the file with the caption cannot be read"
    MALFORMED_ROW = "the row of the labels file cannot be used"
    CONFLICTING_ROWS = "rows disagree about the caption"
    MISSING_FILE = "no such file"
    NAME_MISMATCH = "the name doesn't fit data.pattern"
    INVALID_NAME = "the file name is not Unicode"
    UNREADABLE_IMAGE = "not a readable image"
    CONFLICTING_CAPTIONS = "the same content has another caption elsewhere"
    OUTSIDE_CHARSET = "the caption has characters outside the charset"
    TOO_FEW_TIME_STEPS = "the caption needs more time steps than its image gives"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that is left out.

    Attributes:
        name: The file, or the row of a labels file.
        reason: Why, for programs.
        detail: Why, for people; "" says what `reason` says.
    """

    name: str
    reason: SkipReason
    detail: str = ""

    @property
    def text(self) -> str:
        """Why, for people."""
        return self.detail or self.reason.value

    @property
    def lost(self) -> bool:
        """Whether it counts towards data.max_skipped; images without a caption do not."""
        return self.reason is not SkipReason.NO_CAPTION
