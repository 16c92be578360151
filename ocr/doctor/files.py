"""Findings about images one by one: files that are broken, misnamed, empty or of odd size."""

import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import exp, log
from pathlib import Path
from statistics import quantiles

from PIL import Image

from ocr.data.images import FLAT
from ocr.doctor.examine import Examination
from ocr.doctor.finding import Finding, mended_by, without
from ocr.doctor.look import Look

INK = 0.002  # the least share of the pixels that even a full stop takes
MANY = 20  # images, from which on one can say what is usual
FAR = 3  # interquartile ranges beyond the quartiles: Tukey's "far out"
TWICE = log(2)  # and never less than that beyond them


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    broken = {name: look for name, look in seen.looks.items() if look.error}
    cut = {name: look for name, look in broken.items() if "truncated" in look.error.lower()}
    for kind, what, some in (
        ("truncated", "images that end too early", cut),
        ("unreadable", "images that can't be read", {n: broken[n] for n in broken if n not in cut}),
    ):
        if some:
            yield Finding(
                kind,
                what,
                len(some),
                [f"{seen.short(name)}: {look.error}" for name, look in some.items()],
                "leaves them out",
                **without(seen, kind, [*some]),
            )
    whole = {name: look for name, look in seen.looks.items() if not look.error}
    yield from _empty(seen, whole)
    yield from _suffixes(seen, whole)
    yield from _sizes(seen, whole)


def _empty(seen: Examination, looks: dict[str, Look]) -> Iterator[Finding]:
    flat = {name: look for name, look in looks.items() if look.spread < FLAT}
    clear = [name for name, look in flat.items() if look.transparent]
    if clear:
        yield Finding(
            "transparent_blank",
            "transparent images that come out blank",
            len(clear),
            [seen.short(name) for name in clear],
            "puts them on white or black paper, and neither shows anything: it learns to guess",
            **without(seen, "transparent_blank", clear),
        )
    empty = [
        name
        for name, look in looks.items()
        if (look.spread < FLAT or look.ink < INK) and name not in clear
    ]
    if empty:
        yield Finding(
            "near_empty",
            "images that are empty, or nearly so",
            len(empty),
            [f"{seen.short(name)}: {looks[name].ink:.2%} of it is ink" for name in empty],
            "learns their captions from nothing to see",
            **without(seen, "near_empty", empty),
        )


def _suffixes(seen: Examination, looks: dict[str, Look]) -> Iterator[Finding]:
    wrong = [
        name
        for name, look in looks.items()
        if look.format and _format_of(Path(name).suffix.lower()) not in (look.format, None)
    ]
    if not wrong:
        return
    suffixes = {"JPEG": ".jpg", "TIFF": ".tif"}
    commands = []
    for name in wrong:
        suffix = suffixes.get(looks[name].format, f".{looks[name].format.lower()}")
        new = Path(name).with_suffix(suffix)
        commands.append(f"mv -n {shlex.quote(name)} {shlex.quote(str(new))}")
    tables = f", and in {' and '.join(seen.tables)}" if seen.tables else ""
    yield Finding(
        "wrong_suffix",
        "images with the suffix of another format",
        len(wrong),
        [f"{seen.short(name)}: {looks[name].format} inside" for name in wrong],
        "reads them as what they are; other programs may not",
        f"{mended_by(seen, 'wrong_suffix', commands)}{tables}",
        [] if tables else commands,
        harmless=True,
    )


@lru_cache
def _format_of(suffix: str) -> str | None:
    return Image.registered_extensions().get(suffix)


def _sizes(seen: Examination, looks: dict[str, Look]) -> Iterator[Finding]:
    shapes = {name: look.size for name, look in looks.items() if all(look.size)}
    if len(shapes) < MANY:
        return
    heights = _usual([height for _, height in shapes.values()])
    ratios = _usual([width / height for width, height in shapes.values()])
    odd = [
        name
        for name, (width, height) in shapes.items()
        if not (heights[0] <= height <= heights[1] and ratios[0] <= width / height <= ratios[1])
    ]
    if odd:
        yield Finding(
            "odd_size",
            "images of a size or shape far from the others'",
            len(odd),
            ["{}: {} x {}".format(seen.short(name), *shapes[name]) for name in odd],
            f"brings them to data.height={seen.data.normalizer.height} like all others",
            "look at them; if they are no lines of text: " + without(seen, "odd_size", odd)["mend"],
            without(seen, "odd_size", odd).get("commands", ()),
            harmless=True,
        )


def _usual(values: Sequence[float]) -> tuple[float, float]:
    """From where to where."""
    low, _, high = quantiles(map(log, values), n=4, method="inclusive")
    beyond = max(FAR * (high - low), TWICE)
    return exp(low - beyond), exp(high + beyond)
