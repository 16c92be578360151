"""Find out what the values of a column are: names of images, captions or something else."""

import re
from collections.abc import Sequence

from ocr.data.images.formats import SUFFIXES
from ocr.data.sources.folder import Folder
from ocr.data.sources.image_names import base_names, name_variants
from ocr.data.sources.numbering import are_consecutive

_MIN_SHARE = 0.5  # share of a column's values that must name images
_SCORE = re.compile(r"(?:0?\.\d+|[01]\.\d+|\d(?:\.\d+)?e-\d+)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")  # without leading zeros
_BOX = re.compile(
    r"[\[({]\s*[\[({]?\s*-?\d+(?:\.\d+)?\s*,.*[\])}]|-?\d+(?:\.\d+)?(?:,\s*-?\d+(?:\.\d+)?){3,}"
)
_CODE = re.compile(r"[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_MAX_VALUES = 2000  # values of a column that are checked


def is_image_name(value: str) -> bool:
    """Return whether a value ends in the suffix of an image file."""
    return any(name.lower().endswith(SUFFIXES) for name in name_variants(value))


def find_image(value: str, folder: Folder | None) -> str | None:
    """Return the image in a folder that a value names, also without its folder, or None."""
    if folder is None or not value.strip():
        return None
    images = (folder.image(name) for name in [*name_variants(value), *base_names(value)])
    return next(filter(None, images), None)


def image_name_score(values: Sequence[str], folder: Folder | None) -> float:
    """Return how likely a column is to name images.

    Returns:
        2 if most values have the suffix of an image file, otherwise 1 if most name images in the
        folder, plus the share that does; or else 0.
    """
    some = _nonempty(values)
    if not some:
        return 0.0
    existing = sum(find_image(value, folder) is not None for value in some) / len(some)
    if sum(map(is_image_name, some)) >= _MIN_SHARE * len(some):
        return 2 + existing
    return 1 + existing if existing >= _MIN_SHARE else 0.0


def looks_like_captions(values: Sequence[str], *, varied: bool = True) -> bool:
    """Return whether a column may hold captions, and not scores, boxes, counters, codes or times.

    Args:
        values: The values of the column.
        varied: Whether captions must differ.
    """
    some = _nonempty(values)
    if not some or (varied and len(some) > 2 and len({*some}) == 1):
        return False
    if _is_counter(some):
        return False
    others = (_SCORE, _BOX, _CODE, _TIME)
    return not any(all(map(other.fullmatch, some)) for other in others)


def box_columns(columns: Sequence[Sequence[str]]) -> set[int]:
    """Return the indices of four or eight adjacent columns of numbers: coordinates of a box."""
    numeric = [
        bool(some := _nonempty(column))
        and all(map(_NUMBER.fullmatch, some))
        and not _is_counter(some)
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
    """Return whether a column has few different values, such as the parts of a split."""
    some = _nonempty(values)
    return len(some) >= 10 and len({*some}) <= max(2, len(some) // 10)


def _is_counter(values: Sequence[str]) -> bool:
    return len(values) >= 3 and are_consecutive(values, in_order=True)


def _nonempty(values: Sequence[str]) -> list[str]:
    """Return the first values that aren't empty."""
    return [value.strip() for value in values[:_MAX_VALUES] if value.strip()]
