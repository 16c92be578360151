"""What a column holds, by its values: images' names, captions, or something else."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ocr.data.images.loading import SUFFIXES
from ocr.data.sources.folder import Folder
from ocr.data.sources.image_names import base_names, name_variants

_ENOUGH = 0.5  # the share of a column's values that must name images
_SCORE = re.compile(r"(?:0?\.\d+|[01]\.\d+|\d(?:\.\d+)?e-\d+)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")  # as programs write it: no 0012
_BOX = re.compile(
    r"[\[({]\s*[\[({]?\s*-?\d+(?:\.\d+)?\s*,.*[\])}]|-?\d+(?:\.\d+)?(?:,\s*-?\d+(?:\.\d+)?){3,}"
)
_CODE = re.compile(r"[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_LOOKED_AT = 2000  # values, at most, that tell what a column holds


def is_image_name(value: str) -> bool:
    """Whether it ends as the names of image files do."""
    return any(name.lower().endswith(SUFFIXES) for name in name_variants(value))


def find_image(value: str, folder: Folder | None) -> str | None:
    """The image in the folder that it names, by the file name alone if need be."""
    if folder is None or not value.strip():
        return None
    called = (folder.image(name) for name in [*name_variants(value), *base_names(value)])
    return next(filter(None, called), None)


def image_name_score(values: Sequence[str], folder: Folder | None) -> float:
    """How surely a column names images: 2 by their suffixes, 1 by those in the folder, 0 not.

    What comes on top is the share that is in the folder.
    """
    some = _some(values)
    if not some:
        return 0.0
    there = sum(find_image(value, folder) is not None for value in some) / len(some)
    if sum(map(is_image_name, some)) >= _ENOUGH * len(some):
        return 2 + there
    return 1 + there if there >= _ENOUGH else 0.0


def looks_like_captions(values: Sequence[str], *, varied: bool = True) -> bool:
    """Whether a column could hold captions, and no scores, boxes, counters, codes or times.

    varied: whether values that are all the same, of several, are no captions.
    """
    some = _some(values)
    if not some or (varied and len(some) > 2 and len({*some}) == 1):
        return False
    if _is_counter(some):
        return False
    others = (_SCORE, _BOX, _CODE, _TIME)
    return not any(all(map(other.fullmatch, some)) for other in others)


def box_columns(columns: Sequence[Sequence[str]]) -> set[int]:
    """The places of columns of numbers that stand four or more in a row: the edges of a box."""
    numeric = [
        bool(some := _some(column)) and all(map(_NUMBER.fullmatch, some)) and not _is_counter(some)
        for column in columns
    ]
    places: set[int] = set()
    start = 0
    for end in range(len(numeric) + 1):
        if end == len(numeric) or not numeric[end]:
            if end - start in (4, 8):
                places.update(range(start, end))
            start = end + 1
    return places


def is_categorical(values: Sequence[str]) -> bool:
    """Whether a column has so few different values that they rather tell kinds, such as a split."""
    some = _some(values)
    return len(some) >= 10 and len({*some}) <= max(2, len(some) // 10)


def _is_counter(some: Sequence[str]) -> bool:
    """Whether values are consecutive numbers."""
    if len(some) < 3 or not all(re.fullmatch(r"\d{1,9}", value, re.ASCII) for value in some):
        return False
    return all(int(b) - int(a) == 1 for a, b in pairwise(some))


def _some(values: Sequence[str]) -> list[str]:
    """The first values that aren't empty."""
    return [value.strip() for value in values[:_LOOKED_AT] if value.strip()]
