"""Captions that are lists of symbols, as some toolkits require."""

from unicodedata import category

from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan

MIN_SHARE = 0.9  # of the captions with several characters


def tokenized_captions(scan: FolderScan) -> Finding | None:
    """Find captions with a space after each symbol, such as `a b <space> c`."""
    texts = [text for text in scan.captions if len(text.split()) > 1]
    texts = [text for text in texts if all(map(_is_token, text.split(" ")))]
    several = sum(len(text.strip()) > 1 for text in scan.captions)
    if len(texts) < 2 or len(texts) < MIN_SHARE * several:
        return None
    return Finding(
        Kind.TOKENIZED_CAPTIONS,
        Severity.WARNING,
        "captions that are lists of symbols: every second character is a space",
        len(texts),
        texts,
        "training learns the spaces, and words such as <space>, as characters",
        Fix(
            f"write the captions{scan.in_tables} without spaces between the symbols, and a space "
            "for <space>; keep them if the images show them so"
        ),
    )


def _is_token(word: str) -> bool:
    letters = sum(category(character)[0] != "M" for character in word)
    return letters == 1 or (len(word) > 2 and word[0] == "<" and word[-1] == ">")
