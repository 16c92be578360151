"""The order of characters in a line: as they are spoken, and as they stand on paper.

CTC reads an image from left to right. Captions in Hebrew or Arabic are stored as they are spoken,
from the character that stands rightmost on; but the numbers and the Latin words among them run from
left to right on paper, too (Unicode Standard Annex 9, "Unicode Bidirectional Algorithm").
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from bidi import get_display

from ocr.errors import UserError
from ocr.log import info

# As on paper; as spoken, in lines from right to left; and so in lines from left to right, of which
# only words run the other way.
ORDERS = ("visual", "rtl", "ltr")

_LEFTWARDS = ("R", "AL")  # Unicode's classes of letters that are written from right to left
_BASES = {"rtl": "R", "ltr": "L"}
_STRETCH = "\u0640"  # Arabic's hyphen, which only makes a letter longer
_WORD = re.compile("R[^LNR]*R")


def validate_order(order: str) -> None:
    """Raise UserError for what is none."""
    if order not in ORDERS:
        raise UserError(f"data.order={order}: give {', '.join(ORDERS)} or null")


def has_rtl(text: str) -> bool:
    """Whether there are letters from right to left in it."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _LEFTWARDS for c in text)


def to_visual(text: str, order: str) -> str:
    """A line that is stored in `order` as it stands on paper, from left to right.

    A bracket in a word from right to left stays what it is, though paper shows its mirror image.
    """
    if order == "visual" or not has_rtl(text):
        return text
    return get_display(text, base_dir=_BASES[order])


def to_logical(seen: str, order: str) -> str:
    """A line that stands on paper so, in `order`: the way back from `to_visual`.

    There are lines that stand on paper alike and are spoken in two ways ("a 5" and "5 a" between
    words in Hebrew): for those it is one of them.
    """
    # As if it were spoken backwards, which is right where no context makes a difference; or by the
    # context that numbers have when they are read from the right.
    first = to_visual(seen, order)
    second = to_visual(seen[::-1], order)[::-1]
    return second if to_visual(first, order) != seen == to_visual(second, order) else first


def infer_order(texts: Iterable[str]) -> str:
    """How captions are stored: as they are spoken, if most of what can tell are words.

    Single letters between numbers, as on plates, tend to be typed as they stand.
    """
    starts, letters = Counter(), 0
    example = None
    for text in texts:
        if has_rtl(text):
            letters += 1
            classes = _classes(text)
            if _WORD.search(classes):
                example = example or text
                starts[next(letter for letter in classes if letter in "RL")] += 1
    if 2 * starts.total() <= letters:
        return "visual"
    order = "ltr" if starts["L"] > starts["R"] else "rtl"
    info(
        f"captions have words from right to left (the first: {example!r}); they are learnt in the "
        f"order in which they stand in the images (data.order={order}; data.order=visual if they "
        "are stored in that order)"
    )
    return order


def _classes(text: str) -> str:
    """By a letter each: right to left, left to right, number, or what leans on its neighbours."""
    letters = {"R": "R", "AL": "R", "L": "L", "EN": "N", "AN": "N"}
    found = (unicodedata.bidirectional(c) for c in text if c != _STRETCH)
    return "".join(letters.get(name, ".") for name in found)
