"""The charset: the symbols that can be read, and their ids."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ocr.data.text.bidi import to_logical, to_visual, validate_order
from ocr.errors import SettingError, UserError

BLANK = 0  # CTC's blank; symbols have the ids from 1


def required_time_steps(text: Sequence) -> int:
    """Return the number of time steps that CTC needs for a text or its ids.

    This is one for each symbol, and one for a blank between equal neighbours.
    """
    return len(text) + sum(a == b for a, b in pairwise(text))


class Charset:
    """Converts text to ids and back.

    Args:
        symbols: The symbols, with the ids 1, 2 and so on; 0 is CTC's blank.
        order: The order in which the characters of texts are stored, one of `ORDERS`; ids are
            always in visual order.

    Raises:
        UserError: There are no symbols, one occurs twice, or the order is unknown.
    """

    def __init__(self, symbols: Iterable[str], order: str = "visual") -> None:
        validate_order(order)
        self.order = order
        self.symbols = "".join(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols, start=1)}
        if not self.symbols:
            raise UserError("the charset is empty: no caption has a character")
        if len(self._ids) < len(self.symbols):
            twice = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
            raise SettingError(f"data.charset names {' '.join(map(repr, twice))} more than once")

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> "Charset":
        """Make a charset of the characters of texts, in code point order."""
        return cls(sorted(set().union(*texts)))

    def __len__(self) -> int:
        """Return the number of classes: the symbols and the blank."""
        return len(self.symbols) + 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Charset):
            return NotImplemented
        return (other.symbols, other.order) == (self.symbols, self.order)

    def __repr__(self) -> str:
        return f"Charset({self.symbols!r}, {self.order!r})"

    __hash__ = None  # type: ignore[assignment]

    def unknown(self, text: str) -> str:
        """Return the characters of a text that have no id, sorted, each once."""
        return "".join(sorted(set(text) - self._ids.keys()))

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text.

        Raises:
            KeyError: A character has no id.
        """
        return [self._ids[symbol] for symbol in to_visual(text, self.order)]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids without blanks."""
        return to_logical("".join(self.symbols[i - 1] for i in ids), self.order)
