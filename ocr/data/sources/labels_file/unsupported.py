"""Files that may hold captions but aren't read: how to turn them into one that is."""

import json
from collections.abc import Sequence
from pathlib import Path

from ocr.data.sources.labels_file.document import LabelsDocument
from ocr.errors import UserError

_SHEET = "open it in a spreadsheet program and save it as CSV in UTF-8"
_DATABASE = "export the table as CSV"
# By the ending of the name.
_FORMATS = {
    **dict.fromkeys(
        (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers"), ("a spreadsheet", _SHEET)
    ),
    ".parquet": (
        "a Parquet file",
        "save it as CSV: python -c \"import pandas; pandas.read_parquet('{path}')"
        ".to_csv('{csv}', index=False)\"",
    ),
    **dict.fromkeys(
        (".xml", ".html"), ("markup", "write the images' names and captions to a CSV file")
    ),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), ("a database", _DATABASE)),
    **dict.fromkeys(
        (".arrow", ".feather", ".pkl", ".pickle", ".npy", ".npz", ".mat", ".h5", ".hdf5", ".mdb"),
        ("a binary file", "write the images' names and captions to a CSV file"),
    ),
    **dict.fromkeys(
        (".doc", ".docx", ".pdf", ".rtf", ".odt"),
        ("a document", "write the images' names and captions to a CSV file"),
    ),
    **dict.fromkeys(
        (".yaml", ".yml"), ("YAML", "save it as JSON, or as CSV with a name and a caption a line")
    ),
}
# By what the file begins with, whatever it is called.
_MAGIC = {
    b"PK\x03\x04": ".xlsx",
    b"\xd0\xcf\x11\xe0": ".xls",
    b"PAR1": ".parquet",
    b"SQLite format 3": ".sqlite",
    b"%PDF": ".pdf",
    b"<?xml": ".xml",
}


def require_supported(path: Path) -> Path:
    """The path, if the file may be a labels file.

    Raises:
        UserError: If it is of a format that isn't read; one line that says how to save it as CSV.
    """
    kind = path.suffix.lower()
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    found = next((end for magic, end in _MAGIC.items() if start.startswith(magic)), kind)
    if found in _FORMATS:
        what, how = _FORMATS[found]
        how = how.format(path=path, csv=path.with_name("labels.csv"))
        raise UserError(
            f"{path}: {what}, which isn't read: {how}, with the columns file and label, and give "
            f"data.labels={path.with_name('labels.csv')}"
        )
    return path


def reject_detections(source: LabelsDocument, first: tuple[int, str], cells: Sequence[str]) -> None:
    """PPOCRLabel's Label.txt has boxes with texts for each photo, and is for finding text."""
    number, line = first
    if "\t" not in line:
        return
    try:
        boxes = json.loads(line.partition("\t")[2])
    except (ValueError, RecursionError):
        return
    if not (isinstance(boxes, list) and boxes and isinstance(boxes[0], dict)):
        return
    crops, texts = source.path.with_name("crop_img"), source.path.with_name("rec_gt.txt")
    wanted = "an image and its text a line, as in PPOCRLabel's rec_gt.txt with the images crop_img"
    if texts.is_file():
        wanted += f", which lie beside it: data.dir={crops} data.labels={texts}"
    else:
        wanted += " (in PPOCRLabel: File, Export Recognition Result)"
    raise UserError(
        f"{source.path}, line {number}: its captions are JSON of a detection list, with all the "
        f"boxes of a photo; a reader learns from {wanted}"
    )
