"""What spreadsheets do to captions that look like numbers."""

import re
from collections.abc import Sequence

_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
# Kinds of damage: what it is called, what tells it, and characters that no other caption may have.
_SIGNS = (
    ("an apostrophe in front, which tells a spreadsheet that it is text", r"'\d+", "'"),
    ("a number with an exponent", r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+", ""),
    ("a whole number that became a decimal one", r"\d+[.,]0", ".,"),
    ("a date", r"\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)", "-"),
    ("a spreadsheet's error", r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!)", ""),
)


def contain_formulas(texts: Sequence[str]) -> bool:
    """Whether some are ="007", a spreadsheet's way to keep zeros, and no other has such signs."""
    some = False
    for text in texts:
        if _FORMULA.fullmatch(text):
            some = True
        elif '"' in text or "=" in text:
            return False
    return some


def unwrap_formula(text: str) -> str:
    """What ="007" stands for; any other text as it is."""
    found = _FORMULA.fullmatch(text)
    return found[1].replace('""', '"') if found else text


def find_formulas(texts: Sequence[str]) -> list[str]:
    """Those that are ="007"."""
    return [text for text in texts if _FORMULA.fullmatch(text)]


def find_damaged(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Those that a spreadsheet seems to have changed, each with how."""
    found = []
    for how, sign, alien in _SIGNS:
        odd = [text for text in texts if re.fullmatch(sign, text)]
        rest = (text for text in texts if not re.fullmatch(sign, text))
        if odd and not any(set(alien).intersection(text) for text in rest):
            found += [(text, how) for text in odd]
    return found
