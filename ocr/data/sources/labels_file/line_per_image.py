"""Lists with one line per image: line i is the caption of image number i."""

from collections.abc import Iterator

from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file.document import LabelsDocument
from ocr.data.sources.numbering import order_by_number
from ocr.errors import UserError


def has_line_per_image(document: LabelsDocument) -> bool:
    """Return whether a list has as many lines as there are images, and more than one."""
    return document.folder is not None and bool(_lines(document.text, document.folder))


def read_line_per_image(document: LabelsDocument, folder: Folder) -> Iterator[Row]:
    """Yield each line as the caption of the image with its number.

    Raises:
        UserError: The images aren't numbered.
    """
    lines = _lines(document.text, folder)
    images = order_by_number(folder.images)
    if images is None:
        raise UserError(
            f"{document.path}: it has a line for each of the {len(lines)} images, but their order "
            "is not clear, as their names don't differ in exactly one number: write the image's "
            "name, a tab and the caption into each line"
        )
    document.notes.append(
        f"{document.path.name} names no images, but has one line per image, in the order of their "
        f"numbers: {lines[0][1]!r} is the caption of {images[0]}, {lines[-1][1]!r} of {images[-1]}"
    )
    for image, (number, text) in zip(images, lines, strict=True):
        yield Row(image, text, "", document.where(number))


def _lines(text: str, folder: Folder) -> list[tuple[int, str]]:
    """Return the captions with their line numbers; an empty list unless there is one per image."""
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    without_comments = [(number, line) for number, line in lines if not line.startswith("#")]
    for some in (lines, without_comments):
        if len(some) == len(folder.images) > 1:
            return some
    return []
