"""Read a labels file in any supported format."""

import re
from pathlib import Path

from ocr.data.samples import Skipped
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file.csv_file import read_table
from ocr.data.sources.labels_file.document import Columns, LabelsDocument
from ocr.data.sources.labels_file.json_file import read_json
from ocr.data.sources.labels_file.text_lists import read_list
from ocr.data.sources.labels_file.unsupported import require_supported
from ocr.data.text.encoding import marked_encoding, read_text
from ocr.errors import UserError

_JSON = re.compile(r"\s*(?:\{|\[\s*[\[{\"])")  # the beginning of an object, or of an array of them

# Parsers by suffix; a file with another suffix is read as a list if data.labels names it.
READERS = {
    ".csv": read_table,
    ".tsv": read_table,
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".json": read_json,
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
    """Read the rows of a labels file.

    Args:
        path: The file.
        columns: The names of its columns.
        folder: The images that it may be about, which help to find the columns.
        encoding: See `read_text`.
        given: Whether data.labels names the file. If so, it may also have one line per image
            instead of names, and columns of any name.

    Returns:
        The captions, and the rows that cannot be used, in the file's order.

    Raises:
        UserError: It is not a labels file, or is ambiguous.
    """
    return read_document(open_document(path, columns, folder, encoding, given))


def open_document(
    path: Path,
    columns: Columns,
    folder: Folder | None = None,
    encoding: str | None = None,
    given: bool = True,
) -> LabelsDocument:
    """Load the text of a labels file.

    Args and Raises: See `read_labels`.
    """
    require_supported(path)
    text = read_text(path, encoding)
    if not text.strip():
        raise UserError(f"{path}: it is empty")
    document = LabelsDocument(path, text, columns, folder, given)
    if mark := marked_encoding(path):
        document.notes.append(f"{path.name} is in {mark}, as its byte order mark says")
    return document


def read_document(document: LabelsDocument) -> list[Row | Skipped]:
    """Read the rows of a loaded labels file; see `read_labels`."""
    read = READERS.get(document.path.suffix.lower(), read_list)
    if read is read_list and _JSON.match(document.text):
        read = read_json
    rows = list(read(document))
    if not rows:
        raise UserError(f"{document.path}: no rows with captions")
    # A list of images with a flag each, such as PPOCRLabel's fileState.txt, has no captions.
    texts = {row.text.strip() for row in rows if isinstance(row, Row)}
    if read is read_list and not document.given and (texts <= {"0", "1"} or len(texts) == 1):
        raise UserError(
            f"{document.path}: has only {' and '.join(map(repr, sorted(texts)))} beside the names; "
            f"if these are captions, give data.labels={document.path.name}"
        )
    return rows
