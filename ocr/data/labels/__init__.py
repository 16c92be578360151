"""Labels files: tables and lists of which image says what."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ocr.data.encoding import read_text
from ocr.data.opening import SUFFIXES
from ocr.data.sources import Folder, Skipped
from ocr.errors import UserError

# Names that others give the two columns, in small letters.
FILES = (
    "file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_file",
    "image_filename", "image_name", "image_path", "img", "img_name", "img_path",
)  # fmt: skip
LABELS = (
    "label", "labels", "text", "caption", "transcription", "transcript", "ground_truth", "gt",
    "word", "words",
)  # fmt: skip

_IMAGE = "(?:" + "|".join(map(re.escape, SUFFIXES)) + ")"
# PaddleOCR's lists, ICDAR's gt.txt, and those of many scripts; the first line decides.
_LINES = (
    re.compile(r"(?P<file>[^\t]+)\t(?P<label>.*)"),
    re.compile(rf"(?P<file>[^,]+{_IMAGE}),\s*(?P<label>.*)", re.IGNORECASE),
    re.compile(rf"(?P<file>\S+{_IMAGE}) (?P<label>.*)", re.IGNORECASE),
)


class Row(NamedTuple):
    """What a labels file says of one image; `where` is the place, to be named in reasons."""

    file: str
    text: str
    group: str
    where: str


@dataclass(frozen=True)
class Columns:
    """The columns' names. None: the usual ones for `file` and `label`, no group."""

    file: str | None = None
    label: str | None = None
    group: str | None = None

    def places(self, names: Sequence[str]) -> dict[str, int]:
        """Where file, label and group stand among `names`."""
        places = {
            "file": _place(names, self.file, FILES, "data.file_column"),
            "label": _place(names, self.label, LABELS, "data.label_column"),
        }
        if self.group is not None:
            places["group"] = _place(names, self.group, (), "data.group")
        return places


def read_labels(
    path: Path,
    columns: Columns,
    folder: Folder | None = None,
    encoding: str | None = None,
    given: bool = False,
    notes: list[str] | None = None,
) -> list[Row | Skipped]:
    """The rows of a labels file, in order.

    Args:
        path: The file.
        columns: The names of its columns.
        folder: The images that it may be about, by which their column can be told from others.
        encoding: Of the file, see `read_text`.
        given: Whether a person has named the file, rather than that it was found: then a line for
            each image may be its caption.
        notes: What a person should know about how it is read is added to it.

    Returns:
        What it says of each image, and the rows that can't be used.

    Raises:
        UserError: If it is no labels file, or an unclear one: one line, "PATH, line N: why".
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise UserError(f"{path}: a labels file's name ends in one of {', '.join(READERS)}")
    rows = list(read(path, read_text(path, encoding), columns))
    if not rows:
        raise UserError(f"{path}: no rows with captions")
    return rows


def _table(path: Path, text: str, columns: Columns) -> Iterator[Row | Skipped]:
    """CSV and TSV as spreadsheets write them; every cell is text."""
    # Excel writes semicolons where commas are decimal points.
    delimiters = "\t" if path.suffix.lower() == ".tsv" else ",;\t"
    heads = {delimiter: _first_row(text, delimiter) for delimiter in delimiters}
    delimiter = max(heads, key=lambda d: (_tells(heads[d], columns), len(heads[d])))
    head = heads[delimiter]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        if _is_image(head) and columns == Columns():  # no header
            head = ["file", "label"]
        else:
            next(reader, None)
        places = columns.places(head)
        for cells in reader:
            where = f"{path.name}, line {reader.line_num}"
            if not any(cells):
                continue
            if any(cells[len(head) :]):
                reason = f"{len(cells)} cells below {len(head)} columns; quote what has a delimiter"
                yield Skipped(where, reason)
                continue
            cells += [""] * (len(head) - len(cells))
            yield _row({key: cells[place] for key, place in places.items()}, where)
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _tells(head: Sequence[str], columns: Columns) -> bool:
    """Whether the first row is one that this delimiter splits well."""
    try:
        return _is_image(head) or bool(columns.places(head))
    except UserError:
        return False


def _is_image(head: Sequence[str]) -> bool:
    return len(head) == 2 and head[0].lower().endswith(SUFFIXES)


def _objects(path: Path, text: str, columns: Columns) -> Iterator[Row | Skipped]:
    """JSON Lines, one object a line; numbers stay as they are written."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            item = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
            if not isinstance(item, dict):
                raise UserError("not an object, such as {" + '"file": "1.png", "label": "A12"}')
            values = [*item.values()]
            cells = {key: values[place] for key, place in columns.places([*item]).items()}
            for key, value in cells.items():
                if not isinstance(value, str | None):
                    raise UserError(f"the {key} is {json.dumps(value)[:40]}, not a string")
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}, line {number}: not JSON ({error})") from error
        except UserError as error:
            raise UserError(f"{path}, line {number}: {error}") from error
        yield _row({key: value or "" for key, value in cells.items()}, where)


def _lines(path: Path, text: str, columns: Columns) -> Iterator[Row | Skipped]:
    """A file name and a caption a line, without header."""
    if columns != Columns():
        raise UserError(f"{path}: a list without header has no columns to choose from")
    form = None
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line.strip():
            continue
        form = form or next((f for f in _LINES if f.fullmatch(line)), _LINES[0])
        found = form.fullmatch(line)
        if found is None:
            message = f"{path}, line {number}: not a file name, a tab and a caption"
            raise UserError(f"{message}: {line!r:.60}")
        cells = found.groupdict()
        if form is _LINES[1] and re.fullmatch('".*"', cells["label"]):
            cells["label"] = re.sub(r'\\(["\\])', r"\1", cells["label"][1:-1])
        yield _row(cells, f"{path.name}, line {number}")


READERS = {
    ".csv": _table,
    ".tsv": _table,
    ".jsonl": _objects,
    ".ndjson": _objects,
    ".txt": _lines,
}


def _row(cells: dict[str, str], where: str) -> Row | Skipped:
    if not cells["file"]:
        return Skipped(where, f"names no file for the caption {cells['label']!r}")
    return Row(cells["file"], cells["label"], cells.get("group", ""), where)


def _place(names: Sequence[str], chosen: str | None, usual: Sequence[str], key: str) -> int:
    there = ", ".join(map(repr, names)) or "none"
    if chosen is not None:
        if chosen not in names:
            raise UserError(f"{key}={chosen}: no such column; there are {there}")
        return names.index(chosen)
    plain = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in names]
    if usual[0] in plain:  # our own name for it, whatever else there is
        return plain.index(usual[0])
    found = [i for i, name in enumerate(plain) if name in usual]
    if len(found) == 1:
        return found[0]
    what = "several columns" if found else "no column"
    raise UserError(f"{what} for '{usual[0]}' among the columns {there}: choose with {key}=NAME")
