"""Normalize captions: Unicode normal form, case, white space, invisible characters."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from ocr.data.text.invisible import (
    character_name,
    remove_invisible,
    remove_invisible_symbols,
)
from ocr.data.text.spreadsheet import contain_formulas, unwrap_formula
from ocr.errors import SettingError
from ocr.formatting import pluralize
from ocr.log import info

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CASES: dict[str, Callable[[str], str] | None] = {
    "keep": None,
    "lower": str.lower,
    "upper": str.upper,
}

_BREAKS = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
# Control characters, and lone surrogates, which cannot be written to a file.
_CONTROL = re.compile("[\0-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff]")

_Step = tuple[str, str, Callable[[str], str]]  # the config key, the effect, and the function


class TextNormalizer:
    """Normalizes captions, so that texts that look the same are equal strings.

    Args:
        normal_form: The Unicode normal form, one of `FORMS`; None: unchanged.
        case: "keep", "lower" or "upper".
        strip: Whether to remove white space around captions.

    Raises:
        UserError: The form or the case is unknown.
    """

    def __init__(
        self, normal_form: str | None = "NFC", case: str = "keep", strip: bool = True
    ) -> None:
        if normal_form is not None and normal_form not in FORMS:
            raise SettingError(f"data.normal_form={normal_form}: give {', '.join(FORMS)} or null")
        if case not in CASES:
            raise SettingError(f"data.case={case}: give {', '.join(CASES)}")

        def to_form(text: str) -> str:
            if normal_form is None:
                return text
            return unicodedata.normalize(normal_form, text)  # type: ignore[arg-type]  # of FORMS

        change_case = CASES[case]
        self._letter_steps: list[_Step] = [
            ("", "without invisible characters, which no image shows", remove_invisible),
            (f"data.normal_form={normal_form}", "in another normal form", to_form),
        ]
        if change_case:  # the result may need normalization again
            self._letter_steps.append(
                (f"data.case={case}", "changed in case", lambda text: to_form(change_case(text)))
            )
        self._space_steps: list[_Step] = [
            ("", "with line breaks or tabs, which become spaces", _replace_breaks)
        ]
        if strip:
            self._space_steps.append(
                ("data.strip=true", "without the spaces around them", str.strip)
            )

    def normalize_charset(self, charset: str) -> str:
        """Normalize the symbols of a charset like captions, and remove duplicates."""
        symbols = remove_invisible_symbols(charset)
        if symbols != charset:
            removed = ", ".join(character_name(c) for c in charset if c not in symbols)
            info(f"data.charset without invisible characters, which no image shows ({removed})")
        for _, _, change in self._letter_steps[1:]:
            symbols = change(symbols)
        return symbols if symbols == charset else "".join(dict.fromkeys(symbols))

    def normalize(self, texts: Iterable[str]) -> list[str]:
        """Normalize captions, and log how many each step has changed."""
        texts = list(texts)
        steps = [*self._letter_steps, *self._space_steps]
        if contain_formulas(texts):
            steps.insert(0, ("", "taken out of a spreadsheet's quotes", unwrap_formula))
        for key, effect, change in steps:
            normalized = [change(text) for text in texts]
            changed = [pair for pair in zip(texts, normalized, strict=True) if pair[0] != pair[1]]
            if changed:
                before, after = changed[0]
                why = f"{key}: " if key else ""
                captions = pluralize(len(changed), "caption")
                info(f"{why}{captions} {effect} (the first: {before!a} -> {after!r})")
            texts = normalized
        return texts


def find_control_character(text: str) -> str | None:
    """Return the first control character in a caption, or None."""
    found = _CONTROL.search(text)
    return found[0] if found else None


def _replace_breaks(text: str) -> str:
    return _BREAKS.sub(" ", text)
