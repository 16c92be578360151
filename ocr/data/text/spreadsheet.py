"""Damage that spreadsheets do to captions that look like numbers."""

import re
from collections.abc import Sequence

_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
# Kinds of damage: a description, a pattern, and characters that no undamaged caption may have.
_DAMAGE = (
    ("an apostrophe in front, which tells a spreadsheet that it is text", r"'\d+", "'"),
    ("a number with an exponent", r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+", ""),
    ("a whole number that became a decimal one", r"\d+[.,]0", ".,"),
    ("a date", r"\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)", "-"),
    ("a spreadsheet's error", r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!)", ""),
)


def contain_formulas(texts: Sequence[str]) -> bool:
    """Return whether captions are formulas such as ="007", which keep zeros in a spreadsheet.

    At least one must be such a formula, and no other may contain a quote or an equals sign.
    """
    some = False
    for text in texts:
        if _FORMULA.fullmatch(text):
            some = True
        elif '"' in text or "=" in text:
            return False
    return some


def unwrap_formula(text: str) -> str:
    """Return the text in a formula such as ="007"; any other text unchanged."""
    found = _FORMULA.fullmatch(text)
    return found[1].replace('""', '"') if found else text


def find_formulas(texts: Sequence[str]) -> list[str]:
    """Return the texts that are formulas such as ="007"."""
    return [text for text in texts if _FORMULA.fullmatch(text)]


def find_damaged(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return the texts that a spreadsheet has probably changed, each with a description."""
    found = []
    for how, sign, alien in _DAMAGE:
        odd = [text for text in texts if re.fullmatch(sign, text)]
        rest = (text for text in texts if not re.fullmatch(sign, text))
        if odd and not any(set(alien).intersection(text) for text in rest):
            found += [(text, how) for text in odd]
    return found
