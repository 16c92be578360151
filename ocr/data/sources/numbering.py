"""Detect numbers in names and values that count up."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ocr.data.sources.folder import stem

_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)")


def are_consecutive(texts: Sequence[str], in_order: bool = False) -> bool:
    """Return whether texts are consecutive whole numbers.

    Args:
        texts: At least one text.
        in_order: Whether they must be in ascending order.
    """
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        return False
    numbers = [int(text) for text in texts]
    return all(b - a == 1 for a, b in pairwise(numbers if in_order else sorted(numbers)))


def common_numbering(names: Sequence[str]) -> list[str] | None:
    """Return the last number in each name; None if the names differ in anything else."""
    found = [_LAST_NUMBER.fullmatch(name) for name in names]
    matches = [match for match in found if match]
    if len(matches) < len(names) or len({(match[1], match[3]) for match in matches}) > 1:
        return None
    return [match[2] for match in matches]


def order_by_number(names: Sequence[str]) -> list[str] | None:
    """Sort file names by the one number in which they differ; None if there is no such number."""
    parts = [re.split(r"(\d+)", stem(name)) for name in names]
    if len({len(part) for part in parts}) != 1:
        return None
    places = [place for place, texts in enumerate(zip(*parts, strict=True)) if len({*texts}) > 1]
    if len(places) != 1 or places[0] % 2 == 0:  # numbers are at odd indices
        return None
    numbers = [int(part[places[0]]) for part in parts]
    if len({*numbers}) != len(numbers):  # 1 and 01
        return None
    return [name for _, name in sorted(zip(numbers, names, strict=True))]
