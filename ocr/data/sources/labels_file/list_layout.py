"""Find the lines, the separator, the header and the number of columns of a list."""

import re
from collections import Counter
from collections.abc import Sequence

from ocr.data.sources.labels_file.cells import split_cells
from ocr.data.sources.labels_file.column_content import find_image, is_image_name
from ocr.data.sources.labels_file.columns import is_header
from ocr.data.sources.labels_file.document import LabelsDocument

Lines = list[tuple[int, str]]  # numbers of lines, and the lines

FEW_LINES = 5  # in fewer lines, captions may have equally many words by chance
_SEPARATORS = "\t,;| "
_MAX_LINES = 200  # lines from which the separator is found
_MOST = 0.9  # share of lines with the same number of cells, if captions may contain the separator


def find_lines(document: LabelsDocument) -> tuple[Lines, list[str]]:
    """Return the lines that aren't empty, and the comments above them."""
    lines: Lines = []
    comments: list[str] = []
    for number, line in enumerate(document.text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if line.lstrip().startswith("#") and not _begins_with_image(line, document):
            comments += [line] if not lines else []
        elif line.strip():
            lines.append((number, line))
    return lines, comments


def _begins_with_image(line: str, document: LabelsDocument) -> bool:
    """Return whether a line begins with the name of an image."""
    first = re.split(r"[\t,;| ]", line.strip(), maxsplit=1)[0]
    return find_image(first, document.folder) is not None


def find_separator(lines: Lines, document: LabelsDocument) -> tuple[str | None, int]:
    """Return the separator of cells, and in how many of the first lines it separates a name."""
    first = [line for _, line in lines[:_MAX_LINES]]
    counts = {
        separator: sum(
            len(cells := split_cells(line, separator)) > 1
            and any(names_image(cell, document) for cell in cells[:3])
            for line in first
        )
        for separator in _SEPARATORS
    }
    best = max(counts, key=lambda separator: counts[separator])
    if counts[best] == 0:
        if all("\t" in line for line in first):
            return "\t", 0  # names without suffix of images that don't exist
        return None, 0
    return best, counts[best]


def names_image(cell: str, document: LabelsDocument) -> bool:
    """Return whether a cell is the name of an image, in the folder or by its suffix."""
    return is_image_name(cell) or find_image(cell, document.folder) is not None


def find_header(
    lines: Lines, comments: Sequence[str], separator: str, document: LabelsDocument, named: int
) -> list[str] | None:
    """Return the names of the columns from the first line or the last comment above it, or None.

    Args:
        lines: The lines of the list.
        comments: The comments above them.
        separator: The separator of cells.
        document: The list; it gets a note if a header is assumed.
        named: The number of lines with a name, from `find_separator`.
    """
    first = split_cells(lines[0][1], separator)
    given = [*document.columns.given().values()]
    if not any(names_image(cell, document) for cell in first):
        others = min(len(lines), _MAX_LINES) - 1
        if is_header(first) or (given and all(name in first for name in given)):
            return first
        # If it is the only line that names no image, it is a header.
        second = split_cells(lines[1][1], separator) if others >= 2 and named == others else [""]
        if len(first) == len(second) and is_image_name(second[0]):
            document.notes.append(f"{document.path.name}: the first line is taken as the header")
            return first
    comment = comments[-1].lstrip("# \t") if comments else ""
    names = [name.strip().strip("[]<>{}()\"'") for name in re.split(r"[\t,;|]|\s+", comment)]
    names = [name for name in names if name]
    known = is_header(names) or (given and all(name in names for name in given))
    return names if len(names) == len(first) and known else None


def find_width(rows: Sequence[Sequence[str]], separator: str) -> int:
    """Return the number of cells in nearly all lines; 0 if they differ."""
    counts = Counter(len(cells) for cells in rows if len(cells) > 1)
    if len(counts) < 2:
        return next(iter(counts), 0)
    (width, count), *_ = counts.most_common(1)
    enough = _MOST if separator in " ," else 1 / 2  # captions may contain these
    return width if width > 2 and len(rows) >= FEW_LINES and count > enough * counts.total() else 0


def number_names(width: int) -> list[str]:
    """Return the names of columns without a header: "1", "2" and so on."""
    return [str(number) for number in range(1, width + 1)]
