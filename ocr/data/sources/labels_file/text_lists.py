"""Lists: text files with the name of an image and its caption in each line."""

import re
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
from ocr.data.sources.labels_file.columns import Grid, cells_of, choose_columns
from ocr.data.sources.labels_file.document import Columns, LabelsDocument, make_row
from ocr.data.sources.labels_file.line_per_image import has_line_per_image, read_line_per_image
from ocr.data.sources.labels_file.list_layout import (
    FEW_LINES,
    Lines,
    find_header,
    find_lines,
    find_separator,
    find_width,
    names_image,
    number_names,
)
from ocr.data.sources.labels_file.unsupported import reject_detections
from ocr.errors import UserError
from ocr.formatting import pluralize

_SEPARATOR_NAMES = {"\t": "tab", " ": "space"}
_IDENTIFIER = re.compile(r"(?=.*\d)(?=.*[a-z])[0-9a-z]{6,}")  # such as 5q2017x


def read_list(document: LabelsDocument) -> Iterator[Row | Skipped]:
    """Yield the rows of a list with or without a header.

    The caption is everything after the first separator, or one of the cells if all lines have the
    same number of three or more cells.
    """
    lines, comments = find_lines(document)
    if not lines:
        return
    separator, named = find_separator(lines, document)
    if separator is None:
        yield from _without_names(document, lines)
        return
    header = find_header(lines, comments, separator, document, named)
    if header and header == split_cells(lines[0][1], separator):
        lines = lines[1:]
    if not lines:
        return
    rows = [split_cells(line, separator) for _, line in lines]
    reject_detections(document, lines[0])
    width = find_width(rows, separator)
    if width < 2 and any(name != "2+" for name in document.columns.given().values()):
        key, name = next(iter(document.columns.given().items()))
        raise UserError(
            f"{document.path}: {key}={name}: its lines have no columns; each is a name and a "
            "caption, or they have different numbers of cells",
            key=key,
        )
    names = header if header and len(header) == width else number_names(width)
    places = _places(document, names, lines, rows, separator) if width >= 2 else None
    if places is None:
        yield from _pairs(document, lines, separator)
        return
    _note_left_out(document, names, places, rows[0], separator)
    for (number, line), cells in zip(lines, rows, strict=True):
        if len(cells) == 1 and names_image(line, document):  # no caption yet
            cells = [""] * places["file"] + cells + [""] * (width - places["file"])
        elif len(cells) != width:
            raise UserError(
                f"{document.path}, line {number}: {pluralize(len(cells), 'column')}, but most "
                f"lines have {width}, {line!r:.60}: correct it, or give data.label_column=2+ to "
                "take all that follows the name",
                key="data.label_column",
            )
        yield make_row(cells_of(cells, places), document.where(number))


def _places(
    document: LabelsDocument,
    names: Sequence[str],
    lines: Lines,
    rows: Sequence[list[str]],
    separator: str,
) -> dict[str, int] | None:
    """Return the indices of the columns; None if all that follows the name is the caption."""
    columns, width = document.columns, len(names)
    whole = [cells for cells in rows if len(cells) == width]
    plain = columns == Columns()
    if columns.label == "2+" and columns.file in (None, names[0]) and columns.group is None:
        return None
    if width == 2 and plain and names_image(whole[0][0], document):
        return None
    numbered = names == number_names(width)
    grid = Grid(names, whole, varied=not (separator in " ," and numbered))
    # Spaces may separate the columns, or the words of a caption.
    wordlike = plain and separator == " " and numbered and all(map(is_image_name, grid.column(0)))
    try:
        places = choose_columns(grid, replace(document, given=True, notes=[]))
    except UserError as error:
        # A few captions may have equally many words by chance.
        by_chance = len(rows) < FEW_LINES or len(whole) < len(rows)
        if plain and not grid.varied and by_chance:
            return None
        if wordlike and _are_all_captions(grid):
            _note_whole(document, lines[0][1], separator)
            return None
        number, line = lines[0]
        hint = "; data.label_column=2+ takes all that follows the name" if width > 2 else ""
        raise UserError(
            f"{document.path}, line {number}: {width} columns, {line!r:.60}: {error}{hint}",
            key=error.key,
        ) from error
    if wordlike and width > 2 and len({*grid.column(places["label"])}) == 1 < len(rows):
        _note_whole(document, lines[0][1], separator)  # "No 1", "No 2"
        return None
    return None if width == 2 and places == {"file": 0, "label": 1} else places


def _are_all_captions(grid: Grid) -> bool:
    """Return whether all columns after the name look like captions, and so may be their words."""
    columns = [grid.column(place) for place in range(len(grid.names))]
    return not box_columns(columns) and all(
        looks_like_captions(column, varied=False) and not all(map(_IDENTIFIER.fullmatch, column))
        for column in columns[1:]
    )


def _note_whole(document: LabelsDocument, line: str, separator: str) -> None:
    """Note that all that follows the name is the caption."""
    document.notes.append(
        f"{document.path.name}: the caption is all that follows the name, such as "
        f"{split_pair(line, separator)[1]!r}; if a space separates columns there, give "
        "data.label_column=2 to take the second one only"
    )


def _note_left_out(
    document: LabelsDocument,
    names: Sequence[str],
    places: dict[str, int],
    cells: Sequence[str],
    separator: str,
) -> None:
    unused = [place for place in range(len(names)) if place not in places.values()]
    if unused:
        left_out = ", ".join(f"{names[place]} ({cells[place][:20]!r})" for place in unused)
        document.notes.append(
            f"{document.path.name}: {_SEPARATOR_NAMES.get(separator, separator)!r} separates "
            f"columns; captions are from column {names[places['label']]}, without column "
            f"{left_out}; data.label_column=2+ takes all that follows the name"
        )


def _pairs(document: LabelsDocument, lines: Lines, separator: str) -> Iterator[Row | Skipped]:
    """Yield rows whose caption is all that follows the first separator."""
    for number, line in lines:
        name, caption = split_pair(line, separator)
        if caption is None and not names_image(name, document):
            message = f"{document.path}, line {number}: not a file name, a tab and a caption"
            if separator != "\t":
                message = message.replace("a tab", repr(_SEPARATOR_NAMES.get(separator, separator)))
            raise UserError(f"{message}: {line!r:.60}")
        yield make_row({"file": name, "label": caption or ""}, document.where(number))


def _without_names(document: LabelsDocument, lines: Lines) -> Iterator[Row | Skipped]:
    """Yield the rows of a list whose lines are only captions, or only names of images."""
    number, line = lines[0]
    names = [find_image(line, document.folder) for _, line in lines]
    alone = all(is_image_name(line) for _, line in lines) or None not in names
    # Numbers may be captions or names; if they list all images in order, they are names.
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
