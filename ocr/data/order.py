"""The order of characters in a line: as they are spoken, and as they stand on paper.

CTC reads an image from left to right. Captions in Hebrew or Arabic are stored as they are spoken,
from the character that stands rightmost on; but the numbers and the Latin words among them run from
left to right on paper, too (Unicode Standard Annex 9, "Unicode Bidirectional Algorithm", of which
this is what captions need: one line, from right to left as a whole, without embeddings).
"""

import re
import unicodedata
from collections.abc import Iterable

from ocr.errors import UserError
from ocr.log import say

ORDERS = ("logical", "visual")

# Unicode's classes of direction by a letter each: right to left, left to right, a number, a mark on
# the character before, what may join two numbers. All others lean on their neighbours.
_CLASSES = {
    "R": "R",
    "AL": "R",
    "L": "L",
    "EN": "N",
    "AN": "N",
    "NSM": "M",
    "ES": "S",
    "CS": "S",
}
# What keeps its order: words from left to right with all that is between them and numbers behind
# them, or a number by itself, or a character with its marks.
_KEPT = re.compile("L(?:[^R]*[LN])?M*|NM*(?:S?NM*)*|.M*")
_WORD = re.compile("R[^LNR]*R")


def require_order(order: str) -> None:
    """Raise UserError for what is none."""
    if order not in ORDERS:
        raise UserError(f"data.order={order}: give {' or '.join(ORDERS)}, or null")


def turned(text: str) -> str:
    """A spoken line in the order in which it stands on paper, from left to right; and back.

    Lines without letters from right to left stay as they are. There is no way back for a number
    before a Latin word: on paper it is behind the word, as are those that are spoken so.
    """
    classes = _classes(text)
    if "R" not in classes:
        return text
    marks = len(classes) - len(classes.lstrip("M"))  # on nothing
    pieces = [text[m.start() : m.end()] for m in _KEPT.finditer(classes, marks)]
    return text[:marks] + "".join(reversed(pieces))


def order_of(texts: Iterable[str]) -> str:
    """How captions are stored: "logical" if one has a word from right to left, or else "visual".

    Single letters between numbers, as on plates, tell nothing; they tend to be typed as they stand.
    """
    word = next((text for text in texts if _WORD.search(_classes(text))), None)
    if word is None:
        return "visual"
    say(
        f"captions have words from right to left (the first: {word!r}), learnt in the order in "
        "which they stand in the images; data.order=visual if they are stored in that order"
    )
    return "logical"


def _classes(text: str) -> str:
    if text.isascii():
        return ""
    return "".join(_CLASSES.get(unicodedata.bidirectional(character), ".") for character in text)
