"""Findings about what stands in captions and in no image: invisible signs, damage, lists."""

from collections.abc import Iterator
from unicodedata import category

from ocr.data.text.invisible import character_name, find_invisible, remove_invisible
from ocr.data.text.spreadsheet import contain_formulas, find_damaged, find_formulas
from ocr.doctor.finding import Finding
from ocr.doctor.scan import Examination

MOST = 0.9  # the share of the captions that makes it the rule


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    yield from _invisible(seen)
    yield from _formulas(seen)
    yield from _damaged(seen)
    yield from _tokens(seen)
    yield from _all_the_same(seen)


def _invisible(seen: Examination) -> Iterator[Finding]:
    some = [text for text in seen.heard if remove_invisible(text) != text]
    if some:
        yield Finding(
            "invisible_characters",
            "captions with invisible characters, which no image shows",
            len(some),
            [f"{text!a}: {', '.join(map(character_name, find_invisible(text)))}" for text in some],
            "takes them off",
            "nothing to do, or take them out of the captions yourself",
            harmless=True,
        )


def _formulas(seen: Examination) -> Iterator[Finding]:
    some = find_formulas(seen.heard)
    if some:
        clear = contain_formulas(seen.heard)
        yield Finding(
            "spreadsheet_formulas",
            'captions in the quotes of a spreadsheet, ="..."',
            len(some),
            some,
            "takes the quotes off"
            if clear
            else "keeps them, as other captions have such characters, too",
            f"save the sheet{_in_tables(seen)} as CSV again, with the column as text",
            harmless=clear,
        )


def _damaged(seen: Examination) -> Iterator[Finding]:
    some = find_damaged(seen.heard)
    if some:
        yield Finding(
            "spreadsheet_damage",
            "captions that a spreadsheet seems to have changed",
            len(some),
            [f"{text}: {how}" for text, how in some],
            "learns them as they are",
            "take the captions from where they were before, with the column as text"
            f"{_in_tables(seen)}; leave them if the images show them so",
        )


def _tokens(seen: Examination) -> Iterator[Finding]:
    long = [text for text in seen.heard if len(text.split()) > 1]
    some = [text for text in long if all(map(_is_token, text.split(" ")))]
    if len(some) > 1 and len(some) >= MOST * sum(len(text.strip()) > 1 for text in seen.heard):
        yield Finding(
            "token_lists",
            "captions that are lists of symbols: every second character is a space",
            len(some),
            some,
            "learns the spaces, and words such as <space>, as characters",
            f"write the captions{_in_tables(seen)} without spaces between the symbols, and a space "
            "for <space>; leave them if the images show them so",
        )


def _is_token(word: str) -> bool:
    letters = sum(category(character)[0] != "M" for character in word)
    return letters == 1 or (len(word) > 2 and word[0] == "<" and word[-1] == ">")


def _all_the_same(seen: Examination) -> Iterator[Finding]:
    texts = {sample.text for sample in seen.samples}
    if len(texts) == 1 and len(seen.samples) > 1:
        [text] = texts
        yield Finding(
            "all_the_same",
            f"images with one and the same caption, {text!r}: nothing to learn",
            len(seen.samples),
            [seen.short(sample.name) for sample in seen.samples],
            "learns to say it whatever it sees",
            f"give the captions: {_elsewhere(seen)}",
        )


def _elsewhere(seen: Examination) -> str:
    if seen.tables:
        other = f"data.label_column=COLUMN, if they are in another column of {_named(seen)}"
        return f"{other}, or data.labels=FILE"
    return "data.labels=FILE"


def _in_tables(seen: Examination) -> str:
    return f" in {_named(seen)}" if seen.tables else ""


def _named(seen: Examination) -> str:
    return " and ".join(seen.tables)
