"""Captions with characters that are invisible in an image."""

from ocr.data.text.invisible import character_name, find_invisible, remove_invisible
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def invisible_characters(scan: FolderScan) -> Finding | None:
    """Find captions with zero-width spaces, byte order marks and the like."""
    texts = [text for text in scan.captions if remove_invisible(text) != text]
    if not texts:
        return None
    return Finding(
        Kind.INVISIBLE_CHARACTERS,
        Severity.INFO,
        "captions with invisible characters",
        len(texts),
        [f"{text!a}: {', '.join(map(character_name, find_invisible(text)))}" for text in texts],
        "training removes them",
        Fix("nothing to do, or remove them from the captions yourself"),
    )
