"""How captions go wrong: a slip such as F for f is seldom made only once."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

NOBODY_ELSES = 0.1  # what a slip counts that no other caption has

Slip = tuple[str, str]  # a piece of a caption, and what it should have been


class Confusions:
    """Those in which captions differ from what was read; how usual each is.

    pairs: caption and reading of all images, also of those on which they agree.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.captions = [label for label, _ in pairs]
        self.made = Counter(slip for pair in pairs for slip in confusions(*pair))
        self._holding: dict[str, int] = {}

    def log_odds(self, label: str, text: str, seen: bool) -> float:
        """That somebody writes `label` for `text`, before one looks at the image.

        By the other captions, which could hold the same slips and do or don't. seen: whether
        the pair is among those counted. At the least, it is as probable as a caption that was
        taken from another image.
        """
        total = 0.0
        for slip in confusions(label, text):
            made = self.made[slip] - seen
            spared = max(0, self._could(slip[0]) - 1 - made)
            total += math.log((made + NOBODY_ELSES) / (spared + 1))
        return max(total, -math.log(len(self.captions)))

    def alternatives(self, label: str) -> list[str]:
        """What the caption should be, if it has a slip that was made more than once."""
        return [
            label.replace(old, new)
            for (old, new), count in self.made.items()
            if count > 1 and old and old in label
        ]

    def _could(self, old: str) -> int:
        if old not in self._holding:
            self._holding[old] = sum(old in caption for caption in self.captions)
        return self._holding[old]


def confusions(label: str, text: str) -> set[Slip]:
    """The pieces in which they differ, character by character where they are equally long."""
    found: Iterable[Slip] = [
        (label[a:b], text[c:d])
        for kind, a, b, c, d in SequenceMatcher(None, label, text, autojunk=False).get_opcodes()
        if kind != "equal"
    ]
    return {
        piece
        for old, new in found
        for piece in (zip(old, new, strict=True) if len(old) == len(new) else [(old, new)])
        if piece[0] != piece[1]
    }
