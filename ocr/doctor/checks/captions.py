"""Findings about captions: rows that can't be used, spellings, lengths."""

import re
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from unicodedata import is_normalized

from ocr.config.compose import quoted
from ocr.data.samples import Sample, SkipReason
from ocr.data.sources.folder import stem
from ocr.data.text.charset import required_time_steps
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.doctor.finding import Finding, without
from ocr.doctor.scan import Examination

# The reasons that training gives, the kind of finding, what it is, what repairs it.
REASONS = (
    ({SkipReason.EMPTY_CAPTION}, "empty_caption", "captions without characters", "write them"),
    (
        {SkipReason.MISSING_FILE},
        "row_without_image",
        "rows whose image isn't there",
        "bring the files",
    ),
    (
        {SkipReason.CONFLICTING_ROWS},
        "contradicting_rows",
        "images with rows that disagree",
        "keep one row each",
    ),
    (
        {SkipReason.CONTROL_CHARACTER},
        "control_character",
        "captions with what no image shows",
        "mend them",
    ),
    ({SkipReason.NAME_MISMATCH}, "odd_name", "names that don't fit the pattern", "rename them"),
    (
        {
            SkipReason.MALFORMED_ROW,
            SkipReason.UNREADABLE_CAPTION,
            SkipReason.INVALID_NAME,
            SkipReason.UNREADABLE_IMAGE,  # a file that cannot even be opened
        },
        "odd_row",
        "rows or files that can't be used",
        "mend them",
    ),
)
DENSEST = 4  # characters a pixel of width: beyond, it is the caption that is wrong


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    yield from _unusable(seen)
    yield from _without_caption(seen)
    yield from _outside(seen)
    yield from _unplaceable(seen)
    yield from _mixed_forms(seen)


def _unusable(seen: Examination) -> Iterator[Finding]:
    # Others are others' findings.
    left = [s for s in seen.skipped if s.lost and s.name not in seen.looks]
    for reasons, kind, what, mend in REASONS:
        some = [s for s in left if s.reason in reasons]
        if not some:
            continue
        if kind == "odd_name" and seen.config.data.pattern:  # good images, and not to be removed
            away = {"mend": _other_pattern(seen)}
        else:
            away = without(seen, kind, [s.name for s in some])
        yield Finding(
            kind,
            what,
            len(some),
            [f"{seen.short(s.name)}: {s.text}" for s in some],
            "leaves them out",
            f"{mend}, or {away['mend']}",
            away.get("commands", ()),
        )


def _other_pattern(seen: Examination) -> str:
    """The command with the same template, but for its separator, if all names fit that."""
    names = [stem(Path(name).name) for some in seen.images.values() for name in some]
    template = re.fullmatch(r"(label|id)[-_.](label|id)", str(seen.config.data.pattern))
    for separator in "-_." if template else "":
        text = f"{template[1]}{separator}{template[2]}"
        if all(FileNamePattern(text).matches(names)):
            return f"give the pattern that all fit: {seen.train(f'data.pattern={text}')}"
    return "give a pattern that they fit as data.pattern"


def _without_caption(seen: Examination) -> Iterator[Finding]:
    names = [s.name for s in seen.skipped if not s.lost]
    if names:
        where = " and ".join(dict.fromkeys(seen.data.captions.origins.values()))
        yield Finding(
            "no_caption",
            "images without caption",
            len(names),
            [seen.short(name) for name in names],
            "leaves them out, and doesn't count them",
            f"write a {where} file beside each"
            if where.startswith(".")
            else f"add their captions to {where}",
            harmless=True,
        )


def _outside(seen: Examination) -> Iterator[Finding]:
    other = {s.name for s in (*seen.skipped, *seen.unplaced)}
    some = [s for s in seen.data.skipped if s.name not in other]
    if some:
        symbols = "".join(sorted(set().union(*(s.text for s in seen.samples))))
        yield Finding(
            "outside_charset",
            "captions with characters outside data.charset",
            len(some),
            [f"{seen.short(s.name)}: {s.text}" for s in some],
            "leaves them out",
            seen.train(f"data.charset={quoted(symbols)}"),
        )


def _unplaceable(seen: Examination) -> Iterator[Finding]:
    if seen.unplaced:
        yield Finding(
            "unplaceable",
            "captions too long for CTC to place at their image's width",
            len(seen.unplaced),
            [f"{seen.short(s.name)}: {s.text.partition(': correct it')[0]}" for s in seen.unplaced],
            "leaves them out",
            f"correct the captions that are wrong{_in_names(seen)}; {_roomier(seen)}",
        )


def _in_names(seen: Examination) -> str:
    return " (rename the files)" if "name" in seen.data.captions.origins.values() else ""


def _roomier(seen: Examination) -> str:
    """The command with which right captions have their time steps, but for the hopeless ones."""
    names = {s.name for s in seen.unplaced}
    long = [s for s in seen.samples if s.name in names]
    long = [s for s in long if required_time_steps(s.text) <= DENSEST * s.width]
    if not long:
        return "images so narrow can't hold them"
    encoder, preprocessor = seen.config.encoder, seen.data.preprocessor
    words = []
    for stride in (2, 1):
        if encoder.get("stride", 0) > stride:
            encoder.stride = stride
            words = [f"encoder.stride={stride}"]
            if _lack(seen, long) <= 1:
                return f"if they are right: {seen.train(*words)}"
    key = "width" if preprocessor.width else "height"
    pixels = ceil(getattr(preprocessor, key) * _lack(seen, long)) + 1
    return f"if they are right: {seen.train(*words, f'data.{key}={pixels}')}"


def _lack(seen: Examination, samples: list[Sample]) -> float:
    """How many times wider their images had to be."""
    steps = seen.time_steps
    return max(required_time_steps(s.text) / max(1, steps(s.width)) for s in samples)


def _mixed_forms(seen: Examination) -> Iterator[Finding]:
    apart = [text for text in seen.heard if not is_normalized("NFC", text)]
    composed = [text for text in seen.heard if not is_normalized("NFD", text)]
    if apart and composed:
        form = seen.config.data.normal_form
        yield Finding(
            "mixed_normal_forms",
            "captions with letters and accents apart, where others have them in one",
            len(apart),
            [f"{text!a}, beside {composed[0]!a}" for text in apart],
            f"spells both alike (data.normal_form={form})"
            if form
            else "learns them as different characters",
            "nothing to do" if form else seen.train("data.normal_form=NFC"),
            harmless=bool(form),
        )
