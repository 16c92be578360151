"""Formats of labels files that aren't read, with advice for converting them."""

import json
from pathlib import Path

from ocr.data.images.formats import HEADER_BYTES, identify_format
from ocr.data.sources.labels_file.document import LabelsDocument
from ocr.errors import UserError

_SHEET = "open it in a spreadsheet program and save it as CSV in UTF-8"
_DATABASE = "export the table as CSV"
# Names of formats and how to convert them, by suffix.
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
# Suffixes by the format of a file's content.
_SUFFIXES = {
    "a ZIP archive": ".xlsx",
    "Microsoft Office": ".xls",
    "Parquet": ".parquet",
    "SQLite": ".sqlite",
    "PDF": ".pdf",
    "XML": ".xml",
    "SVG": ".xml",
}


def require_supported(path: Path) -> None:
    """Raise UserError if a file has a format that isn't read, with advice for converting it.

    Args:
        path: The labels file.
    """
    try:
        with path.open("rb") as file:
            form = identify_format(file.read(HEADER_BYTES))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    kind = _SUFFIXES.get(form or "", path.suffix.lower())
    if kind in _FORMATS:
        what, how = _FORMATS[kind]
        labels = path.with_name("labels.csv")
        how = how.format(path=path, csv=labels)
        raise UserError(
            f"{path}: {what}, which isn't read: {how}, with the columns file and label, and give "
            f"data.labels={labels}",
            key="data.labels",
        )


def reject_detections(document: LabelsDocument, first: tuple[int, str]) -> None:
    """Raise UserError for PPOCRLabel's Label.txt, which has the text boxes in each photo.

    Args:
        document: The list.
        first: The number of its first line, and that line.
    """
    number, line = first
    if "\t" not in line:
        return
    try:
        boxes = json.loads(line.partition("\t")[2])
    except (ValueError, RecursionError):
        return
    if not (isinstance(boxes, list) and boxes and isinstance(boxes[0], dict)):
        return
    crops, texts = document.path.with_name("crop_img"), document.path.with_name("rec_gt.txt")
    if texts.is_file():
        key = "data.labels"
        advice = f"give data.dir={crops} data.labels={texts}"
    else:
        key = None
        advice = "export crop_img and rec_gt.txt with File, Export Recognition Result"
    raise UserError(
        f"{document.path}, line {number}: PPOCRLabel's list of all text boxes in a photo, but "
        f"training needs one image and its text per line: {advice}",
        key=key,
    )
