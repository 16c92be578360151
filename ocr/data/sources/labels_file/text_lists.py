"""Lists: an image's name and its caption in each line, in the forms that scripts write."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocr.data.samples import Skipped
from ocr.data.sources.caption_source import Row
from ocr.data.sources.labels_file.cells import split_cells, split_pair
from ocr.data.sources.labels_file.column_content import (
    box_columns,
    find_image,
    is_image_name,
    looks_like_captions,
)
from ocr.data.sources.labels_file.columns import Grid, cells_of, choose_columns, is_header
from ocr.data.sources.labels_file.document import Columns, LabelsDocument, make_row
from ocr.data.sources.labels_file.line_per_image import has_line_per_image, read_line_per_image
from ocr.data.sources.labels_file.unsupported import reject_detections
from ocr.errors import UserError
from ocr.formatting import pluralize

_SEPARATORS = "\t,;| "
_NAMES = {"\t": "tab", " ": "space"}
_MAX_LINES = 200  # that are looked at to find the separator
_MOST = 0.9  # share of the lines that must have one form where captions may contain separators
_IDENTIFIER = re.compile(r"(?=.*\d)(?=.*[a-z])[0-9a-z]{6,}")  # such as 5q2017x
_FEW = 5  # fewer captions may have equally many words by chance


Lines = list[tuple[int, str]]


def read_list(document: LabelsDocument) -> Iterator[Row | Skipped]:
    """Yield the rows of a list with or without a header.

    All after the first separator is the caption; but if all lines have the same number of cells,
    three or more, only one of them is.
    """
    lines, comments = _lines(document)
    if not lines:
        return
    separator, named = _separator(lines, document)
    if separator is None:
        yield from _without_names(document, lines)
        return
    header = _header(lines, comments, separator, document, named)
    if header and header == split_cells(lines[0][1], separator):
        lines = lines[1:]
    if not lines:
        return
    rows = [split_cells(line, separator) for _, line in lines]
    reject_detections(document, lines[0])
    width = _width(rows, separator)
    if width < 2 and any(name != "2+" for name in document.columns.given().values()):
        key, name = next(iter(document.columns.given().items()))
        raise UserError(
            f"{document.path}: {key}={name}: its lines have no columns to choose from: they are a "
            "name and a caption, or differ in length",
            key=key,
        )
    names = header if header and len(header) == width else _numbers(width)
    places = _places(document, names, lines, rows, separator) if width >= 2 else None
    if places is None:
        yield from _pairs(document, lines, separator)
        return
    _note_left_out(document, names, places, rows[0], separator)
    for (number, line), cells in zip(lines, rows, strict=True):
        if len(cells) == 1 and _is_image(line, document):  # it has no caption yet
            cells = [""] * places["file"] + cells + [""] * (width - places["file"])
        elif len(cells) != width:
            raise UserError(
                f"{document.path}, line {number}: {pluralize(len(cells), 'column')}, where most "
                f"lines have {width}, {line!r:.60}: correct it, or data.label_column=2+ takes "
                "all that follows the name",
                key="data.label_column",
            )
        yield make_row(cells_of(cells, places), document.where(number))


def _width(rows: Sequence[Sequence[str]], separator: str) -> int:
    """Return the number of cells in each line; 0 if they differ."""
    counts = Counter(len(cells) for cells in rows if len(cells) > 1)
    if len(counts) < 2:
        return next(iter(counts), 0)
    (width, count), *_ = counts.most_common(1)
    enough = _MOST if separator in " ," else 1 / 2  # captions contain these
    return width if width > 2 and len(rows) >= _FEW and count > enough * counts.total() else 0


def _lines(document: LabelsDocument) -> tuple[Lines, list[str]]:
    """Return the lines that aren't empty with their numbers, and the comments above them."""
    lines: Lines = []
    comments: list[str] = []
    for number, line in enumerate(document.text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if line.lstrip().startswith("#") and not _names_one(line, document):
            comments += [line] if not lines else []
        elif line.strip():
            lines.append((number, line))
    return lines, comments


def _names_one(line: str, document: LabelsDocument) -> bool:
    """Return whether a line that looks like a comment begins with the name of an image."""
    first = re.split(r"[\t,;| ]", line.strip(), maxsplit=1)[0]
    return find_image(first, document.folder) is not None


def _separator(lines: Lines, document: LabelsDocument) -> tuple[str | None, int]:
    """Return the separator of cells, and how many of the first lines it splits from a name."""
    some = [line for _, line in lines[:_MAX_LINES]]
    counts = {
        separator: sum(
            len(cells := split_cells(line, separator)) > 1
            and any(_is_image(cell, document) for cell in cells[:3])
            for line in some
        )
        for separator in _SEPARATORS
    }
    best = max(counts, key=lambda separator: counts[separator])
    if counts[best] == 0:
        if all("\t" in line for line in some):
            return "\t", 0  # names without suffix of images that don't exist
        return None, 0
    return best, counts[best]


def _is_image(cell: str, document: LabelsDocument) -> bool:
    return is_image_name(cell) or find_image(cell, document.folder) is not None


def _header(
    lines: Lines, comments: Sequence[str], separator: str, document: LabelsDocument, named: int
) -> list[str] | None:
    """Return the columns' names, from the first line or the last comment above it, or None."""
    first = split_cells(lines[0][1], separator)
    given = [*document.columns.given().values()]
    if not any(_is_image(cell, document) for cell in first):
        others = min(len(lines), _MAX_LINES) - 1
        if is_header(first) or (given and all(name in first for name in given)):
            return first
        # The only one of the lines that names no image.
        second = split_cells(lines[1][1], separator) if others >= 2 and named == others else [""]
        if len(first) == len(second) and is_image_name(second[0]):
            document.notes.append(f"{document.path.name}: the first line is taken as the header")
            return first
    told = comments[-1].lstrip("# \t") if comments else ""
    names = [name.strip().strip("[]<>{}()\"'") for name in re.split(r"[\t,;|]|\s+", told)]
    names = [name for name in names if name]
    known = is_header(names) or (given and all(name in names for name in given))
    return names if len(names) == len(first) and known else None


def _numbers(width: int) -> list[str]:
    return [str(number) for number in range(1, width + 1)]


def _places(
    document: LabelsDocument,
    names: Sequence[str],
    lines: Lines,
    rows: Sequence[list[str]],
    separator: str,
) -> dict[str, int] | None:
    """Return the places of the columns; None if all after the name is the caption."""
    columns, width = document.columns, len(names)
    whole = [cells for cells in rows if len(cells) == width]
    plain = columns == Columns()
    if columns.label == "2+" and columns.file in (None, names[0]) and columns.group is None:
        return None
    if width == 2 and plain and _is_image(whole[0][0], document):
        return None
    numbered = names == _numbers(width)
    grid = Grid(names, whole, varied=not (separator in " ," and numbered))
    # Spaces may separate columns or the words of a caption.
    words = plain and separator == " " and numbered and all(map(is_image_name, grid.column(0)))
    try:
        places = choose_columns(grid, replace(document, given=True, notes=[]))
    except UserError as error:
        # A few captions may have equally many words by chance.
        by_chance = len(rows) < _FEW or len(whole) < len(rows)
        if plain and not grid.varied and by_chance:
            return None
        if words and _are_all_captions(grid):
            _note_whole(document, lines[0][1], separator)
            return None
        number, line = lines[0]
        more = "; data.label_column=2+ takes all that follows the name" if width > 2 else ""
        raise UserError(
            f"{document.path}, line {number}: {width} columns, {line!r:.60}: {error}{more}",
            key=error.key,
        ) from error
    if words and width > 2 and len({*grid.column(places["label"])}) == 1 < len(rows):
        _note_whole(document, lines[0][1], separator)  # "No 1", "No 2"
        return None
    return None if width == 2 and places == {"file": 0, "label": 1} else places


def _are_all_captions(grid: Grid) -> bool:
    """Return whether all columns after the name look like captions, as words of captions do."""
    columns = [grid.column(place) for place in range(len(grid.names))]
    return not box_columns(columns) and all(
        looks_like_captions(column, varied=False) and not all(map(_IDENTIFIER.fullmatch, column))
        for column in columns[1:]
    )


def _note_whole(document: LabelsDocument, line: str, separator: str) -> None:
    """Note that all after the name is the caption."""
    document.notes.append(
        f"{document.path.name}: captions are all that follows the name, such as "
        f"{split_pair(line, separator)[1]!r}; if a space separates columns there: "
        "data.label_column=2 takes the second alone"
    )


def _note_left_out(
    document: LabelsDocument,
    names: Sequence[str],
    places: dict[str, int],
    cells: Sequence[str],
    separator: str,
) -> None:
    left = [place for place in range(len(names)) if place not in places.values()]
    if left:
        told = ", ".join(f"{names[place]} ({cells[place][:20]!r})" for place in left)
        document.notes.append(
            f"{document.path.name}: {_NAMES.get(separator, separator)!r} separates columns; "
            f"captions are from column {names[places['label']]}, without column {told}; "
            "data.label_column=2+ takes all that follows the name"
        )


def _pairs(document: LabelsDocument, lines: Lines, separator: str) -> Iterator[Row | Skipped]:
    """Yield each name, with all that follows the separator as its caption."""
    for number, line in lines:
        name, caption = split_pair(line, separator)
        if caption is None and not _is_image(name, document):
            message = f"{document.path}, line {number}: not a file name, a tab and a caption"
            if separator != "\t":
                message = message.replace("a tab", repr(_NAMES.get(separator, separator)))
            raise UserError(f"{message}: {line!r:.60}")
        yield make_row({"file": name, "label": caption or ""}, document.where(number))


def _without_names(document: LabelsDocument, lines: Lines) -> Iterator[Row | Skipped]:
    """Yield the rows of a list that names no images, or only images."""
    number, line = lines[0]
    names = [find_image(line, document.folder) for _, line in lines]
    alone = all(is_image_name(line) for _, line in lines) or None not in names
    # Numbers may be captions or names; all images' names in order are names.
    listed = alone and (names == sorted(filter(None, names)) or is_image_name(line))
    if document.given and document.folder and not listed and has_line_per_image(document):
        yield from read_line_per_image(document, document.folder)
        return
    if alone:
        yield from _pairs(document, lines, "\t")
        return
    raise UserError(
        f"{document.path}, line {number}: not a file name, a tab and a caption: {line!r:.60}"
    )
