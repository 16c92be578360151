"""Captions that a spreadsheet has quoted or changed because they look like numbers."""

import re
from collections.abc import Sequence

_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
# Kinds of damage: a description, a pattern of damaged captions, and characters that other captions
# must not contain.
_DAMAGE = (
    ("an apostrophe in front, which marks text in a spreadsheet", r"'\d+", "'"),
    ("a number with an exponent", r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+", ""),
    ("a whole number that became a decimal one", r"\d+[.,]0", ".,"),
    ("a date", r"\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)", "-"),
    ("a spreadsheet's error", r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!)", ""),
)


def contain_formulas(texts: Sequence[str]) -> bool:
    """Return whether captions are formulas such as ="007", which preserve zeros in a spreadsheet.

    At least one must be a formula, and all others must be without quotes and equals signs.
    """
    found = False
    for text in texts:
        if _FORMULA.fullmatch(text):
            found = True
        elif '"' in text or "=" in text:
            return False
    return found


def unwrap_formula(text: str) -> str:
    """Return the text in a formula such as ="007"; return other text unchanged."""
    found = _FORMULA.fullmatch(text)
    return found[1].replace('""', '"') if found else text


def find_formulas(texts: Sequence[str]) -> list[str]:
    """Return the texts that are formulas such as ="007"."""
    return [text for text in texts if _FORMULA.fullmatch(text)]


def find_damaged(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return the texts that a spreadsheet has probably changed, each with a description."""
    found = []
    for description, pattern, forbidden in _DAMAGE:
        damaged = [text for text in texts if re.fullmatch(pattern, text)]
        others = (text for text in texts if not re.fullmatch(pattern, text))
        if damaged and not any(set(forbidden).intersection(text) for text in others):
            found += [(text, description) for text in damaged]
    return found
