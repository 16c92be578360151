"""What a folder of images is like, in numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ocr.doctor.checks.characters import frequencies
from ocr.doctor.scan import Examination

PARTS = ("train", "val", "test")


def overview(seen: Examination) -> dict[str, Any]:
    """Plain values, ready for JSON."""
    looks = {name: look for name, look in seen.looks.items() if not look.error}
    return {
        "path": str(seen.folder),
        "captions": dict(seen.data.captions.origins),
        "images": len(set().union(*seen.images.values())),
        "left_out": len(seen.data.lost),
        "parts": {p: len(seen.data.parts[p]) for p in PARTS if p in seen.data.parts},
        "formats": _tallied(look.format for look in looks.values()),
        "modes": _tallied(look.mode for look in looks.values()),
        "transparent": sum(look.transparent for look in looks.values()),
        "widths": _range([(look.size[0], name) for name, look in looks.items()]),
        "heights": _range([(look.size[1], name) for name, look in looks.items()]),
        "caption_lengths": _range([(len(s.text), s.name) for s in seen.samples]),
        "characters": dict(frequencies(seen).most_common()),
        "says": seen.says,
    }


def _tallied(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _range(values: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Least, median and most, with the images of both ends."""
    if not values:
        return {}
    ordered = sorted(values)
    (least, first), (most, last) = ordered[0], ordered[-1]
    median, _ = ordered[len(ordered) // 2]
    return {"least": least, "median": median, "most": most, "examples": [first, last]}
