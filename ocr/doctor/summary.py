"""Summarize a folder of images in numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ocr.doctor.scan import FolderScan

PARTS = ("train", "val", "test")


def summarize(scan: FolderScan) -> dict[str, Any]:
    """Count images, formats, sizes and characters.

    Returns:
        Plain values, ready for JSON.
    """
    readable = scan.readable
    return {
        "path": str(scan.folder),
        "captions": dict(scan.source.captions.source_names),
        "images": len(set().union(*scan.images.values())),
        "skipped": len(scan.data.unusable),
        "parts": {p: len(scan.data.parts[p]) for p in PARTS if p in scan.data.parts},
        "formats": _counts(stats.format for stats in readable.values()),
        "modes": _counts(stats.mode for stats in readable.values()),
        "transparent": sum(stats.transparent for stats in readable.values()),
        "widths": _range([(stats.size[0], name) for name, stats in readable.items()]),
        "heights": _range([(stats.size[1], name) for name, stats in readable.items()]),
        "caption_lengths": _range([(len(s.text), s.name) for s in scan.samples]),
        "characters": dict(scan.character_counts.most_common()),
        "messages": scan.messages,
    }


def _counts(values: Iterable[str | None]) -> dict[str, int]:
    return {str(value): count for value, count in Counter(values).most_common()}


def _range(values: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Return minimum, median and maximum, and the images with the minimum and maximum."""
    if not values:
        return {}
    ordered = sorted(values)
    (least, first), (most, last) = ordered[0], ordered[-1]
    median, _ = ordered[len(ordered) // 2]
    return {"min": least, "median": median, "max": most, "examples": [first, last]}
