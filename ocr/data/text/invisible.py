"""Remove characters from captions that are invisible in an image."""

import re
from unicodedata import category, name

# Unicode's Default_Ignorable_Code_Point without the Hangul fillers, and the annotation marks.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_IGNORABLE}]")
# Scripts in which a joiner changes the shape of neighbouring letters.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
_MONGOLIAN = re.compile("[\u1800-\u180a\u1810-\u18af]")
# The flags of England, Scotland and Wales: a black flag and invisible letters.
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_JOINERS = "\u200c\u200d"
_KEYCAP = "\u20e3"


def remove_invisible(text: str) -> str:
    """Return a text without the invisible characters that don't change how others look."""
    if not _INVISIBLE.search(text):
        return text
    flags = {i for found in _FLAG.finditer(text) for i in range(*found.span())}
    kept: list[str] = []
    for i, character in enumerate(text):
        if _INVISIBLE.match(character) and i not in flags:
            after = text[i + 1 : i + 2]
            if not _affects_rendering(character, "".join(kept[-2:]), after):
                continue
        kept.append(character)
    return "".join(kept)


def remove_invisible_symbols(charset: str) -> str:
    """Return a charset without symbols that are invisible in every text of its symbols."""
    others = [symbol for symbol in charset if not _INVISIBLE.match(symbol)]
    return "".join(
        symbol
        for symbol in charset
        if not _INVISIBLE.match(symbol)
        or any(_affects_rendering(symbol, one, one) for one in others)
        or ("\U000e0020" <= symbol <= "\U000e007f" and "\U0001f3f4" in others)
    )


def find_invisible(text: str) -> list[str]:
    """Return the characters that `remove_invisible` removes from a text, each once."""
    invisible = {c for c in text if _INVISIBLE.match(c)}
    kept = remove_invisible(text)
    return sorted(c for c in invisible if kept.count(c) < text.count(c))


def character_name(character: str) -> str:
    """Return a character's code point and Unicode name."""
    return f"U+{ord(character):04X} {name(character, '').lower()}".strip()


def _affects_rendering(character: str, before: str, after: str) -> bool:
    """Return whether an invisible character changes how the text around it looks."""
    last = before[-1:]
    if character in _JOINERS:
        if _JOINING.match(last) or _JOINING.match(after):
            return True
        # A joiner combines emoji; the first one may have a variation selector.
        return character == "\u200d" and _is_emoji(before) and _is_emoji(after)
    if "\u180b" <= character <= "\u180f":
        return bool(_MONGOLIAN.match(last))
    if "\ufe00" <= character <= "\ufe0f":  # selects a variant of an emoji, a sign or an ideograph
        special = last in ("\u00a9", "\u00ae") or _JOINING.match(last)
        return bool(last) and (last >= "\u2010" or bool(special) or after == _KEYCAP)
    if "\U000e0100" <= character <= "\U000e01ef":  # selects a variant of an ideograph
        return last >= "\u2e80"
    return False


def _is_emoji(text: str) -> bool:
    last = text.rstrip("\ufe0e\ufe0f")[-1:]
    return bool(last) and category(last) in ("So", "Sk", "Sm")
