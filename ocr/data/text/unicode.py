"""How captions are spelt: normal form, case, spaces."""

import re
import unicodedata
from collections.abc import Iterable

from ocr.data.text.invisible import character_name, remove_invisible, remove_invisible_symbols
from ocr.data.text.spreadsheet import contain_formulas, unwrap_formula
from ocr.errors import UserError
from ocr.log import info
from ocr.pluralize import pluralize

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CASES = {"keep": None, "lower": str.lower, "upper": str.upper}

_BREAKS = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
# No image shows them; a lone surrogate can't even be written into a file.
_UNREADABLE = re.compile("[\0-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff]")


class TextNormalizer:
    """Makes equal captions equal strings.

    normal_form: Unicode's; file systems and keyboards differ in theirs. None keeps the source's.
    case: "keep", "lower" or "upper".
    strip: take off surrounding spaces, which no image shows.
    """

    def __init__(
        self, normal_form: str | None = "NFC", case: str = "keep", strip: bool = True
    ) -> None:
        if normal_form not in (*FORMS, None):
            raise UserError(f"data.normal_form={normal_form}: give {', '.join(FORMS)} or null")
        if case not in CASES:
            raise UserError(f"data.case={case}: give {', '.join(CASES)}")

        def compose(text: str) -> str:
            return unicodedata.normalize(normal_form, text) if normal_form else text

        change_case = CASES[case]
        self._letters = [
            ("", "freed of invisible characters, which no image shows", remove_invisible),
            (f"data.normal_form={normal_form}", "spelt otherwise", compose),
        ]
        if change_case:  # which may take letters apart
            recase = (f"data.case={case}", "changed in case", lambda t: compose(change_case(t)))
            self._letters.append(recase)
        self._spaces = [("", "with line breaks or tabs, which become spaces", _break_free)]
        if strip:
            self._spaces.append(("data.strip=true", "without the spaces around them", str.strip))

    def symbols(self, charset: str) -> str:
        """A charset as captions spell it; what its symbols come to have in common counts once."""
        spelt = remove_invisible_symbols(charset)
        if spelt != charset:
            gone = ", ".join(character_name(c) for c in charset if c not in spelt)
            info(f"data.charset freed of invisible characters, which no image shows ({gone})")
        for _, _, change in self._letters[1:]:
            spelt = change(spelt)
        return spelt if spelt == charset else "".join(dict.fromkeys(spelt))

    def normalize(self, texts: Iterable[str]) -> list[str]:
        """All of `texts`; what changes in how many of them is said."""
        texts = list(texts)
        formulas = [("", "taken out of a spreadsheet's quotes", unwrap_formula)]
        first = formulas if contain_formulas(texts) else ()
        for key, consequence, change in (*first, *self._letters, *self._spaces):
            spelt = [change(text) for text in texts]
            changed = [pair for pair in zip(texts, spelt, strict=True) if pair[0] != pair[1]]
            if changed:
                before, after = changed[0]
                why = f"{key}: " if key else ""
                captions = pluralize(len(changed), "caption")
                info(f"{why}{captions} {consequence} (the first: {before!a} -> {after!r})")
            texts = spelt
        return texts


def flaw(text: str) -> str | None:
    """Why no image can say `text`, if so."""
    if found := _UNREADABLE.search(text):
        return f"caption {text!r} has the control character {found[0]!r}"
    return None


def _break_free(text: str) -> str:
    return _BREAKS.sub(" ", text)
