"""Findings about images one by one: files that are broken, empty or of odd size."""

from collections.abc import Iterator
from math import log
from statistics import quantiles

from ocr.data.images.loading import BLANK_STD
from ocr.doctor.checks.formats import is_unread, lacks_frame
from ocr.doctor.finding import Finding, without
from ocr.doctor.image_stats import Look
from ocr.doctor.scan import Examination

INK = 0.002  # the least share of the pixels that even a full stop takes
MANY = 20  # images, from which on one can say what is usual
FAR = 3  # interquartile ranges beyond the quartiles: Tukey's "far out"
TWICE = log(2)  # and never less than that beyond them


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    broken = {
        name: look
        for name, look in seen.looks.items()
        if look.error and not is_unread(look) and not lacks_frame(look)
    }
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
    yield from _sizes(seen, whole)


def _empty(seen: Examination, looks: dict[str, Look]) -> Iterator[Finding]:
    # Of several frames, another may show the text; there is a finding about that.
    looks = {name: look for name, look in looks.items() if look.frames == 1}
    flat = {name: look for name, look in looks.items() if look.spread < BLANK_STD}
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
        if (look.spread < BLANK_STD or look.ink < INK) and name not in clear
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


def _sizes(seen: Examination, looks: dict[str, Look]) -> Iterator[Finding]:
    sizes = {s.name: looks[s.name].size for s in seen.samples if all(looks[s.name].size)}
    heights = {name: height for name, (_, height) in sizes.items()}
    # A long caption has a wide image: what is odd is the room that a character has. Where it has
    # too little, the caption is at fault, and is told of.
    unplaced = {s.name for s in seen.unplaced}
    rooms = {
        s.name: sizes[s.name][0] / sizes[s.name][1] / len(s.text)
        for s in seen.samples
        if s.name in sizes and s.name not in unplaced
    }
    odd = sorted(_unusual(heights) | _unusual(rooms))
    if odd:
        away = without(seen, "odd_size", odd)
        yield Finding(
            "odd_size",
            "images far from the others in size, or in width for a character",
            len(odd),
            ["{}: {} x {}".format(seen.short(name), *sizes[name]) for name in odd],
            f"brings them to data.height={seen.data.preprocessor.height} like all others",
            f"look at them; if they are no lines of text: {away['mend']}",
            away.get("commands", ()),
            harmless=True,
        )


def _unusual(values: dict[str, float]) -> set[str]:
    """The names of those that are far from the others."""
    if len(values) < MANY:
        return set()
    logs = {name: log(value) for name, value in values.items()}
    low, _, high = quantiles(logs.values(), n=4, method="inclusive")
    beyond = max(FAR * (high - low), TWICE)
    return {name for name, value in logs.items() if not low - beyond <= value <= high + beyond}
