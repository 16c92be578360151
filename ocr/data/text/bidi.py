"""Bidirectional text: convert between logical order and visual order.

CTC reads an image from left to right, in visual order. Captions in Hebrew or Arabic are usually
stored in logical order, the order of reading: it begins with the rightmost character, while numbers
and Latin words run from left to right (Unicode Standard Annex 9, "Unicode Bidirectional
Algorithm").
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bidi import get_display

from ocr.errors import SettingError
from ocr.log import info

# Visual order; logical order of lines that run from right to left; logical order of lines that run
# from left to right, but have words from right to left.
ORDERS = ("visual", "rtl", "ltr")

_RTL_CLASSES = ("R", "AL")  # Unicode's bidirectional classes of letters from right to left
_BASE_DIRECTIONS = {"rtl": "R", "ltr": "L"}
_TATWEEL = "\u0640"  # elongates Arabic words; ignored here
_RTL_WORD = re.compile("R[^LNR]*R")


def validate_order(order: str) -> None:
    """Raise UserError if `order` is not one of `ORDERS`."""
    if order not in ORDERS:
        raise SettingError(f"data.order={order}: give {', '.join(ORDERS)} or null")


def has_rtl(text: str) -> bool:
    """Return whether a text has letters of a right-to-left script."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _RTL_CLASSES for c in text)


def to_visual(text: str, order: str) -> str:
    """Convert a line to visual order.

    Brackets in words from right to left are not mirrored.

    Args:
        text: The line.
        order: The order in which it is stored, one of `ORDERS`.
    """
    if order == "visual" or not has_rtl(text):
        return text
    return get_display(text, base_dir=_BASE_DIRECTIONS[order])


def to_logical(visual: str, order: str) -> str:
    """Convert a line in visual order back to the order in which lines are stored.

    If several logical orders look the same ("a 5" and "5 a" between Hebrew words), return one.

    Args:
        visual: The line in visual order.
        order: The order of the result, one of `ORDERS`.
    """
    # `to_visual` is mostly its own inverse. The exceptions are numbers, whose direction depends on
    # the text before them; some become right if the line is reversed first.
    first = to_visual(visual, order)
    second = to_visual(visual[::-1], order)[::-1]
    return second if to_visual(first, order) != visual == to_visual(second, order) else first


def infer_order(texts: Iterable[str]) -> str:
    """Infer the order in which captions are stored.

    It is logical if most captions with right-to-left letters have whole words of them. Single
    letters, as on number plates, are usually stored in visual order.

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
        f"captions have right-to-left words (the first: {example!r}) and are taken as stored in "
        f"logical order (data.order={order}; give data.order=visual if they are in visual order)"
    )
    return order


def _classes(text: str) -> str:
    """Return a letter for each character: R, L, N for numbers, and "." for neutral characters."""
    letters = {"R": "R", "AL": "R", "L": "L", "EN": "N", "AN": "N"}
    found = (unicodedata.bidirectional(c) for c in text if c != _TATWEEL)
    return "".join(letters.get(name, ".") for name in found)
