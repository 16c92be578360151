"""Labels files: tables, lists and JSON of which image says what."""

import re
from pathlib import Path

from ocr.data.samples import Skipped
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file.columns import FILES, LABELS
from ocr.data.sources.labels_file.csv_file import read_table
from ocr.data.sources.labels_file.document import Columns, LabelsDocument, Row
from ocr.data.sources.labels_file.json_file import read_objects
from ocr.data.sources.labels_file.text_lists import read_list
from ocr.data.sources.labels_file.unsupported import require_supported
from ocr.data.text.encoding import marked_encoding, read_text
from ocr.errors import UserError

__all__ = [
    "FILES",
    "LABELS",
    "READERS",
    "Columns",
    "Row",
    "open_source",
    "read_labels",
    "read_source",
]

_JSON = re.compile(r"\s*(?:\{|\[\s*[\[{\"])")  # how an object begins, or an array of what has parts

# By the ending of a file's name; others are read as lists, if a person names them.
READERS = {
    ".csv": read_table,
    ".tsv": read_table,
    ".jsonl": read_objects,
    ".ndjson": read_objects,
    ".json": read_objects,
    ".txt": read_list,
    ".lst": read_list,
    ".list": read_list,
    ".label": read_list,
}


def read_labels(
    path: Path,
    columns: Columns,
    folder: Folder | None = None,
    encoding: str | None = None,
    given: bool = True,
) -> list[Row | Skipped]:
    """The rows of a labels file, in order.

    Args:
        path: The file.
        columns: The names of its columns.
        folder: The images that it may be about, by which their column can be told from others.
        encoding: Of the file, see `read_text`.
        given: Whether a person has named the file, rather than that it was found: then a line for
            each image may be its caption, and a column of another name than usual.

    Returns:
        What it says of each image, and the rows that can't be used.

    Raises:
        UserError: If it is no labels file, or an unclear one: one line, "PATH, line N: why".
    """
    return read_document(open_document(path, columns, folder, encoding, given))


def open_document(
    path: Path,
    columns: Columns,
    folder: Folder | None = None,
    encoding: str | None = None,
    given: bool = True,
) -> LabelsDocument:
    """The file as `read_document` takes it. Args and Raises: see `read_labels`."""
    text = read_text(require_supported(path), encoding)
    if not text.strip():
        raise UserError(f"{path}: it is empty")
    source = LabelsDocument(path, text, columns, folder, given)
    if mark := marked_encoding(path):
        source.notes.append(f"{path.name} is in {mark}, as its byte order mark says")
    return source


def read_document(source: LabelsDocument) -> list[Row | Skipped]:
    """The rows of a file that is open; see `read_labels`."""
    read = READERS.get(source.path.suffix.lower(), read_list)
    if read is read_list and _JSON.match(source.text):
        read = read_objects
    rows = list(read(source))
    if not rows:
        raise UserError(f"{source.path}: no rows with captions")
    # fileState.txt, for one: what was done with each file.
    texts = {row.text.strip() for row in rows if isinstance(row, Row)}
    if read is read_list and not source.given and (texts <= {"0", "1"} or len(texts) == 1):
        raise UserError(
            f"{source.path}: nothing but {' and '.join(map(repr, sorted(texts)))} stands beside "
            f"the names; if that is what the images say: data.labels={source.path.name}"
        )
    return rows
