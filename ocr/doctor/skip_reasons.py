"""Why an image is skipped, as a type."""

from enum import Enum, auto

from ocr.data.images.loading import UNREAD
from ocr.data.samples import Skipped


class SkipReason(Enum):
    """Why an image is skipped."""

    NO_CAPTION = auto()
    EMPTY_CAPTION = auto()
    MISSING_FILE = auto()
    CONFLICTING_ROWS = auto()
    CONTROL_CHARACTER = auto()
    PATTERN_MISMATCH = auto()
    UNSUPPORTED_FORMAT = auto()
    MISSING_FRAME = auto()
    TRUNCATED = auto()
    UNREADABLE = auto()
    LABEL_CONFLICT = auto()
    OUTSIDE_CHARSET = auto()
    CAPTION_TOO_LONG = auto()
    OTHER = auto()


def reason_of(skipped: Skipped, opened: bool) -> SkipReason:
    """Classify a skipped image; `opened` says whether its file could be read."""
    text = skipped.reason
    if not skipped.lost:
        return SkipReason.NO_CAPTION
    for part, reason in (
        ("the same content as", SkipReason.LABEL_CONFLICT),
        ("characters outside the charset", SkipReason.OUTSIDE_CHARSET),
        ("time steps, its image gives", SkipReason.CAPTION_TOO_LONG),
    ):
        if part in text:
            return reason
    if opened:
        if UNREAD in text:
            return SkipReason.UNSUPPORTED_FORMAT
        if "data.frame=" in text:
            return SkipReason.MISSING_FRAME
        return SkipReason.TRUNCATED if "truncated" in text.lower() else SkipReason.UNREADABLE
    for part, reason in (
        ("the caption has no characters", SkipReason.EMPTY_CAPTION),
        ("no such file", SkipReason.MISSING_FILE),
        ("rows disagree", SkipReason.CONFLICTING_ROWS),
        ("has the control character", SkipReason.CONTROL_CHARACTER),
        ("doesn't fit data.pattern", SkipReason.PATTERN_MISMATCH),
    ):
        if part in text:
            return reason
    return SkipReason.OTHER
