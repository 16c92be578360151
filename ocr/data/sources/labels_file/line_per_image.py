"""Answers by line: line i is the caption of image i, where the images' names are numbered."""

import re
from collections.abc import Iterator

from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.labels_file.document import LabelsDocument, Row
from ocr.errors import UserError


def has_a_line_per_image(text: str, folder: Folder | None) -> bool:
    """Whether a text has as many lines that aren't empty as there are images, and over one."""
    return folder is not None and bool(_answers(text, folder))


def read_line_per_image(source: LabelsDocument) -> Iterator[Row]:
    """Each line as the caption of the image of its number.

    Raises:
        UserError: If the images aren't numbered.
    """
    lines = _answers(source.text, source.folder)
    images = order_by_number(source.folder.images)
    if images is None:
        raise UserError(
            f"{source.path}: it has a line for each of the {len(lines)} images, but which is of "
            "which isn't clear: their names don't differ in one number alone. Write the image's "
            "name, a tab and its caption in each line"
        )
    source.notes.append(
        f"{source.path.name} names no images, but has a line for each, in the order of their "
        f"numbers: {lines[0][1]!r} is of {images[0]}, {lines[-1][1]!r} of {images[-1]}"
    )
    for image, (number, text) in zip(images, lines, strict=True):
        yield Row(image, text, "", source.where(number))


def order_by_number(names: list[str]) -> list[str] | None:
    """The names in the order of the one number in which they differ; None if there is none."""
    parts = [re.split(r"(\d+)", stem(name)) for name in names]
    if len({len(part) for part in parts}) != 1:
        return None
    places = [
        place
        for place, parts_there in enumerate(zip(*parts, strict=True))
        if len({*parts_there}) > 1
    ]
    if len(places) != 1 or places[0] % 2 == 0:  # texts stand at even places
        return None
    numbers = [int(part[places[0]]) for part in parts]
    if len({*numbers}) != len(numbers):  # 1 and 01
        return None
    return [name for _, name in sorted(zip(numbers, names, strict=True))]


def _answers(text: str, folder: Folder) -> list[tuple[int, str]]:
    """The lines that may be answers, with their numbers; empty if they are not one an image."""
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    plain = [(number, line) for number, line in lines if not line.startswith("#")]
    for some in (lines, plain):
        if len(some) == len(folder.images) > 1:
            return some
    return []
