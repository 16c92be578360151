"""Bidirectional text: the logical order of its characters and their visual order.

CTC reads an image from left to right, in visual order. Captions in Hebrew or Arabic are usually
stored in logical order, in which they are spoken: it begins with the rightmost character, while
numbers and Latin words among them run from left to right (Unicode Standard Annex 9, "Unicode
Bidirectional Algorithm").
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bidi import get_display

from ocr.errors import SettingError
from ocr.log import info

# Visual order; logical order in lines that run from right to left; and logical order in lines that
# run from left to right, in which only words run the other way.
ORDERS = ("visual", "rtl", "ltr")

_RTL_CLASSES = ("R", "AL")  # Unicode's bidirectional classes of letters from right to left
_BASE_DIRECTIONS = {"rtl": "R", "ltr": "L"}
_TATWEEL = "\u0640"  # makes an Arabic letter longer
_RTL_WORD = re.compile("R[^LNR]*R")


def validate_order(order: str) -> None:
    """Raise UserError if there is no such order."""
    if order not in ORDERS:
        raise SettingError(f"data.order={order}: give {', '.join(ORDERS)} or null")


def has_rtl(text: str) -> bool:
    """Return whether a text has letters that are written from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _RTL_CLASSES for c in text)


def to_visual(text: str, order: str) -> str:
    """Convert a line to visual order.

    Brackets in words from right to left are not mirrored.

    Args:
        text: The line.
        order: In which it is stored, one of `ORDERS`.
    """
    if order == "visual" or not has_rtl(text):
        return text
    return get_display(text, base_dir=_BASE_DIRECTIONS[order])


def to_logical(visual: str, order: str) -> str:
    """Convert a line in visual order back to the order in which lines are stored.

    Some lines have two logical orders ("a 5" and "5 a" between Hebrew words); the result is one.

    Args:
        visual: The line in visual order.
        order: Of the result, one of `ORDERS`.
    """
    # Reversing is right unless context decides; a number's context may also be to its right.
    first = to_visual(visual, order)
    second = to_visual(visual[::-1], order)[::-1]
    return second if to_visual(first, order) != visual == to_visual(second, order) else first


def infer_order(texts: Iterable[str]) -> str:
    """Infer the order in which captions are stored.

    It is logical if most captions with letters from right to left have words of them. Single
    letters among numbers, as on number plates, are usually stored in visual order.

    Returns:
        One of `ORDERS`.
    """
    directions: Counter[str] = Counter()  # of captions with words, by their first letter
    with_letters = 0
    example = None
    for text in texts:
        if has_rtl(text):
            with_letters += 1
            classes = _classes(text)
            if _RTL_WORD.search(classes):
                example = example or text
                directions[next(letter for letter in classes if letter in "RL")] += 1
    if 2 * directions.total() <= with_letters:
        return "visual"
    order = "ltr" if directions["L"] > directions["R"] else "rtl"
    info(
        f"captions have words from right to left (the first: {example!r}); they are learned in "
        f"visual order (data.order={order}; data.order=visual if they are stored in that order)"
    )
    return order


def _classes(text: str) -> str:
    """Return a letter for each character: R, L, N for a number, and "." for neutral ones."""
    letters = {"R": "R", "AL": "R", "L": "L", "EN": "N", "AN": "N"}
    found = (unicodedata.bidirectional(c) for c in text if c != _TATWEEL)
    return "".join(letters.get(name, ".") for name in found)
