"""The symbols that a reader knows, and their numbers."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ocr.data.text.bidi import to_logical, to_visual, validate_order
from ocr.errors import UserError

BLANK = 0  # CTC's "nothing here"; symbols count from 1


def required_time_steps(text: Sequence) -> int:
    """CTC's time steps for a text, or its ids: one each, and a blank between equal neighbours."""
    return len(text) + sum(a == b for a, b in pairwise(text))


class Charset:
    """Text to ids and back. Ids run from 1 in the order of `symbols`; 0 is CTC's blank.

    order: that of a text's characters, one of `ORDERS`; that of ids is visual.
    """

    def __init__(self, symbols: Iterable[str], order: str = "visual") -> None:
        validate_order(order)
        self.order = order
        self.symbols = "".join(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols, start=1)}
        if not self.symbols:
            raise UserError("the charset is empty: no caption holds a character")
        if len(self._ids) < len(self.symbols):
            twice = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
            raise UserError(f"data.charset names {' '.join(map(repr, twice))} more than once")

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> "Charset":
        """The characters of `texts`, in code point order, so that the order never varies."""
        return cls(sorted(set().union(*texts)))

    def __len__(self) -> int:
        """The number of classes: the symbols and the blank."""
        return len(self.symbols) + 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Charset):
            return NotImplemented
        return (other.symbols, other.order) == (self.symbols, self.order)

    def __repr__(self) -> str:
        return f"Charset({self.symbols!r}, {self.order!r})"

    __hash__ = None

    def unknown(self, text: str) -> str:
        """The characters of `text` that have no id, each once, sorted."""
        return "".join(sorted(set(text) - self._ids.keys()))

    def encode(self, text: str) -> list[int]:
        """The ids of `text`. Raises KeyError for a character outside the charset."""
        return [self._ids[symbol] for symbol in to_visual(text, self.order)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, none of which is the blank."""
        return to_logical("".join(self.symbols[i - 1] for i in ids), self.order)
