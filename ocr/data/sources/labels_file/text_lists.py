"""Lists: an image's name and its caption a line, in whatever form scripts write them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocr.data.samples import Skipped
from ocr.data.sources.labels_file.cells import split_cells, split_pair
from ocr.data.sources.labels_file.column_content import (
    box_columns,
    find_image,
    is_image_name,
    looks_like_captions,
)
from ocr.data.sources.labels_file.columns import Grid, cells_of, choose_columns, is_header
from ocr.data.sources.labels_file.document import Columns, LabelsDocument, Row, make_row
from ocr.data.sources.labels_file.line_per_image import has_a_line_per_image, read_line_per_image
from ocr.data.sources.labels_file.unsupported import reject_detections
from ocr.errors import UserError
from ocr.pluralize import pluralize

_SEPARATORS = "\t,;| "
_NAMES = {"\t": "tab", " ": "space"}
_LOOKED_AT = 200  # lines from which the separator is told
_MOST = 0.9  # of the lines, that are of one form where a few may be so by chance
_IDENTIFIER = re.compile(r"(?=.*\d)(?=.*[a-z])[0-9a-z]{6,}")  # such as a session's, 5q2017x
_FEW = 5  # fewer lines of as many words each may be so by chance


Lines = list[tuple[int, str]]


def read_list(source: LabelsDocument) -> Iterator[Row | Skipped]:
    """The rows of a list without header, or with one.

    What is after the first separator is the caption, whatever it holds; but if all lines have the
    same number of cells, three or more, those that are no captions are left out.
    """
    lines, comments = _lines(source)
    if not lines:
        return
    separator, named = _separator(lines, source)
    if separator is None:
        yield from _without_names(source, lines)
        return
    header = _header(lines, comments, separator, source, named)
    if header and header == split_cells(lines[0][1], separator):
        lines = lines[1:]
    if not lines:
        return
    rows = [split_cells(line, separator) for _, line in lines]
    reject_detections(source, lines[0], rows[0])
    width = _width(rows, separator)
    if width < 2 and any(name != "2+" for name in source.columns.given().values()):
        key, name = next(iter(source.columns.given().items()))
        raise UserError(
            f"{source.path}: {key}={name}: its lines have no columns to choose from: they are a "
            "name and a caption, or differ in length"
        )
    names = header if header and len(header) == width else _numbers(width)
    places = _places(source, names, lines, rows, separator) if width >= 2 else None
    if places is None:
        yield from _pairs(source, lines, separator)
        return
    _tell_left_out(source, names, places, rows[0], separator)
    for (number, line), cells in zip(lines, rows, strict=True):
        if len(cells) == 1 and _is_image(line, source):  # a name without a caption yet
            cells = [""] * places["file"] + cells + [""] * (width - places["file"])
        elif len(cells) != width:
            raise UserError(
                f"{source.path}, line {number}: {pluralize(len(cells), 'column')}, where most "
                f"lines have {width}, {line!r:.60}: correct it, or data.label_column=2+ takes "
                "all that is behind the name"
            )
        yield make_row(cells_of(cells, places), source.where(number))


def _width(rows: Sequence[Sequence[str]], separator: str) -> int:
    """How many cells the lines have; 0 if they differ, as captions do that hold the separator."""
    counts = Counter(len(cells) for cells in rows if len(cells) > 1)
    if len(counts) < 2:
        return next(iter(counts), 0)
    (width, count), *_ = counts.most_common(1)
    enough = _MOST if separator in " ," else 1 / 2  # what is found in captions
    return width if width > 2 and len(rows) >= _FEW and count > enough * counts.total() else 0


def _lines(source: LabelsDocument) -> tuple[Lines, list[str]]:
    """What isn't empty: the lines with their numbers, and the comments above the first."""
    lines, comments = [], []
    for number, line in enumerate(source.text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if line.lstrip().startswith("#") and not _names_one(line, source):
            comments += [line] if not lines else []
        elif line.strip():
            lines.append((number, line))
    return lines, comments


def _names_one(line: str, source: LabelsDocument) -> bool:
    """Whether a line that looks like a comment begins with the name of an image."""
    first = re.split(r"[\t,;| ]", line.strip(), maxsplit=1)[0]
    return find_image(first, source.folder) is not None


def _separator(lines: Lines, source: LabelsDocument) -> tuple[str | None, int]:
    """What stands between the cells, and how many lines of the first then name an image."""
    some = [line for _, line in lines[:_LOOKED_AT]]
    counts = {
        separator: sum(
            len(cells := split_cells(line, separator)) > 1
            and any(_is_image(cell, source) for cell in cells[:3])
            for line in some
        )
        for separator in _SEPARATORS
    }
    best = max(counts, key=counts.get)
    if counts[best] == 0:
        if all("\t" in line for line in some):
            return "\t", 0  # names of images that aren't here, and have no suffix
        return None, 0
    return best, counts[best]


def _is_image(cell: str, source: LabelsDocument) -> bool:
    return is_image_name(cell) or find_image(cell, source.folder) is not None


def _header(
    lines: Lines, comments: Sequence[str], separator: str, source: LabelsDocument, named: int
) -> list[str] | None:
    """The columns' names: of the first line, or of the last comment above it."""
    first = split_cells(lines[0][1], separator)
    given = [*source.columns.given().values()]
    if not any(_is_image(cell, source) for cell in first):
        others = min(len(lines), _LOOKED_AT) - 1
        if is_header(first) or (given and all(name in first for name in given)):
            return first
        # The only one of the lines that names no image.
        second = split_cells(lines[1][1], separator) if others >= 2 and named == others else [""]
        if len(first) == len(second) and is_image_name(second[0]):
            source.notes.append(f"{source.path.name}: the first line is taken as the header")
            return first
    told = comments[-1].lstrip("# \t") if comments else ""
    names = [name.strip().strip("[]<>{}()\"'") for name in re.split(r"[\t,;|]|\s+", told)]
    names = [name for name in names if name]
    known = is_header(names) or (given and all(name in names for name in given))
    return names if len(names) == len(first) and known else None


def _numbers(width: int) -> list[str]:
    return [str(number) for number in range(1, width + 1)]


def _places(
    source: LabelsDocument,
    names: Sequence[str],
    lines: Lines,
    rows: Sequence[list[str]],
    separator: str,
) -> dict[str, int] | None:
    """Where the cells are that count; None if all after the name is the caption."""
    columns, width = source.columns, len(names)
    whole = [cells for cells in rows if len(cells) == width]
    plain = columns == Columns()
    if columns.label == "2+" and columns.file in (None, names[0]) and columns.group is None:
        return None
    if width == 2 and plain and _is_image(whole[0][0], source):
        return None
    numbered = names == _numbers(width)
    grid = Grid(names, whole, varied=not (separator in " ," and numbered))
    # A space after an image's file name may as well stand between the words of a caption.
    words = plain and separator == " " and numbered and all(map(is_image_name, grid.column(0)))
    try:
        places = choose_columns(grid, replace(source, given=True, notes=[]))
    except UserError as error:
        # Captions may hold as many words in each of a few lines by chance.
        by_chance = len(rows) < _FEW or len(whole) < len(rows)
        if plain and not grid.varied and by_chance:
            return None
        if words and _are_all_captions(grid):
            return _tell_whole(source, lines[0][1], separator)
        number, line = lines[0]
        more = "; data.label_column=2+ takes all that is behind the name" if width > 2 else ""
        raise UserError(
            f"{source.path}, line {number}: {width} columns, {line!r:.60}: {error}{more}"
        ) from error
    if words and width > 2 and len({*grid.column(places["label"])}) == 1 < len(rows):
        return _tell_whole(source, lines[0][1], separator)  # "No 1", "No 2"
    return None if width == 2 and places == {"file": 0, "label": 1} else places


def _are_all_captions(grid: Grid) -> bool:
    """Whether every column behind the name reads like captions, as the words of one do."""
    columns = [grid.column(place) for place in range(len(grid.names))]
    return not box_columns(columns) and all(
        looks_like_captions(column, varied=False) and not all(map(_IDENTIFIER.fullmatch, column))
        for column in columns[1:]
    )


def _tell_whole(source: LabelsDocument, line: str, separator: str) -> None:
    """Say that all that is behind the name is the caption."""
    source.notes.append(
        f"{source.path.name}: captions are all that is behind the name, such as "
        f"{split_pair(line, separator)[1]!r}; if a space separates columns there: "
        "data.label_column=2 takes the second alone"
    )


def _tell_left_out(
    source: LabelsDocument,
    names: Sequence[str],
    places: dict[str, int],
    cells: Sequence[str],
    separator: str,
) -> None:
    left = [place for place in range(len(names)) if place not in places.values()]
    if left:
        told = ", ".join(f"{names[place]} ({cells[place][:20]!r})" for place in left)
        source.notes.append(
            f"{source.path.name}: {_NAMES.get(separator, separator)!r} separates columns; captions "
            f"are from column {names[places['label']]}, without column {told}; "
            "data.label_column=2+ takes all that is behind the name"
        )


def _pairs(source: LabelsDocument, lines: Lines, separator: str) -> Iterator[Row | Skipped]:
    """A name, and all that comes after the separator."""
    for number, line in lines:
        name, caption = split_pair(line, separator)
        if caption is None and not _is_image(name, source):
            message = f"{source.path}, line {number}: not a file name, a tab and a caption"
            if separator != "\t":
                message = message.replace("a tab", repr(_NAMES.get(separator, separator)))
            raise UserError(f"{message}: {line!r:.60}")
        yield make_row({"file": name, "label": caption or ""}, source.where(number))


def _without_names(source: LabelsDocument, lines: Lines) -> Iterator[Row | Skipped]:
    """A list of answers, or none at all."""
    number, line = lines[0]
    names = [find_image(line, source.folder) for _, line in lines]
    alone = all(is_image_name(line) for _, line in lines) or None not in names
    # Numbers may be names as well; but not all images' names, in their order.
    listed = alone and (names == sorted(filter(None, names)) or is_image_name(line))
    if source.given and not listed and has_a_line_per_image(source.text, source.folder):
        yield from read_line_per_image(source)
        return
    if alone:
        yield from _pairs(source, lines, "\t")
        return
    raise UserError(
        f"{source.path}, line {number}: not a file name, a tab and a caption: {line!r:.60}"
    )
