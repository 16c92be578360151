"""Formats of labels files that aren't read, and how to convert them."""

import json
from pathlib import Path

from ocr.data.images.formats import HEADER_BYTES, identify_format
from ocr.data.sources.labels_file.document import LabelsDocument
from ocr.errors import UserError

_SHEET = "open it in a spreadsheet program and save it as CSV in UTF-8"
_DATABASE = "export the table as CSV"
# By suffix: what it is, and how to convert it.
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
# By the format that a file's content has, whatever its suffix.
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
    """Raise UserError if a file has a format that isn't read; the message says how to convert it.

    Args:
        path: The file, named as a labels file.
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
    """Raise UserError for PPOCRLabel's Label.txt, which has the boxes of texts in each photo.

    Args:
        document: A list.
        first: The number of its first line, and the line.
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
    wanted = "an image and its text a line, as in PPOCRLabel's rec_gt.txt with the images crop_img"
    key = "data.labels" if texts.is_file() else None
    if key:
        wanted += f", which lie beside it: data.dir={crops} data.labels={texts}"
    else:
        wanted += " (in PPOCRLabel: File, Export Recognition Result)"
    raise UserError(
        f"{document.path}, line {number}: its captions are a JSON list of all the text boxes of "
        f"a photo; training needs {wanted}",
        key=key,
    )
