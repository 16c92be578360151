"""Count which characters of captions are confused with which, such as F with f."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

PSEUDOCOUNT = 0.1  # added to a confusion's count, so that none is impossible

Confusion = tuple[str, str]  # a piece of a caption, and what it should have been


class Confusions:
    """The differences between captions and readings, counted over a data set."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Count the confusions.

        Args:
            pairs: Caption and reading of every image, equal ones included.
        """
        self.captions = [label for label, _ in pairs]
        self.counts = Counter(confusion for pair in pairs for confusion in find_confusions(*pair))
        self._captions_with: dict[str, int] = {}

    def log_odds(self, label: str, text: str, counted: bool) -> float:
        """Estimate how likely `label` is written for `text`, without the image.

        The odds of a confusion come from the other captions: the number with it, divided by the
        number that could have it but don't.

        Args:
            label: The caption.
            text: The text that the image may show.
            counted: Whether this pair is among the counted ones.

        Returns:
            The log odds; at least those of a caption that belongs to another image.
        """
        total = 0.0
        for confusion in find_confusions(label, text):
            made = self.counts[confusion] - counted
            avoided = max(0, self._count_captions_with(confusion[0]) - 1 - made)
            total += math.log((made + PSEUDOCOUNT) / (avoided + 1))
        return max(total, -math.log(len(self.captions)))

    def corrections(self, label: str) -> list[str]:
        """Return the caption with each frequent confusion corrected, one at a time."""
        return [
            label.replace(old, new)
            for (old, new), count in self.counts.items()
            if count > 1 and old and old in label
        ]

    def _count_captions_with(self, piece: str) -> int:
        if piece not in self._captions_with:
            self._captions_with[piece] = sum(piece in caption for caption in self.captions)
        return self._captions_with[piece]


def find_confusions(label: str, text: str) -> set[Confusion]:
    """Return the pieces that differ, split into characters where they are equally long."""
    pieces: Iterable[Confusion] = [
        (label[a:b], text[c:d])
        for tag, a, b, c, d in SequenceMatcher(None, label, text, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    return {
        pair
        for old, new in pieces
        for pair in (zip(old, new, strict=True) if len(old) == len(new) else [(old, new)])
        if pair[0] != pair[1]
    }
