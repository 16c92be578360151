"""CSV and TSV files."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.labels_file.column_content import find_image, is_image_name
from ocr.data.sources.labels_file.columns import Grid, cells_of, choose_columns, is_header
from ocr.data.sources.labels_file.document import Columns, LabelsDocument, make_row
from ocr.data.sources.labels_file.text_lists import read_list
from ocr.errors import UserError


def read_table(document: LabelsDocument) -> Iterator[Row | Skipped]:
    """Yield the rows of a table, with all cells as text."""
    text, skipped = _without_preamble(document)
    delimiter = _delimiter(document, text)
    if [" " in cell.strip() for cell in _first_row(text, delimiter)] == [True]:
        yield from read_list(document)  # a list with the suffix of a table
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num + skipped, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        line = reader.line_num + skipped
        raise UserError(f"{document.path}, line {line}: not CSV ({error})") from error
    head = rows[0][1] if rows else []
    if has_header(head, document):
        names, rows = head, rows[1:]
    elif len(head) == 2 and is_image_name(head[0]) and document.columns == Columns():
        names = ["file", "label"]
    else:
        names = [str(number) for number in range(1, len(head) + 1)]
    valid = [
        (line, [*cells, *[""] * (len(names) - len(cells))][: len(names)])
        for line, cells in rows
        if not any(cells[len(names) :])
    ]
    try:
        places = choose_columns(Grid(names, [cells for _, cells in valid]), document)
    except UserError as error:
        raise UserError(f"{document.path}: {error}", key=error.key) from error
    remaining = iter(valid)
    for line, cells in rows:
        if any(cells[len(names) :]):
            detail = f"{len(cells)} cells for {len(names)} columns; quote cells with a delimiter"
            yield Skipped(document.where(line), SkipReason.MALFORMED_ROW, detail)
        else:
            yield make_row(cells_of(next(remaining)[1], places), document.where(line))


def has_header(head: Sequence[str], document: LabelsDocument) -> bool:
    """Return whether the first row has the names of the columns."""
    given = [*document.columns.given().values()]
    if any(map(is_image_name, head)):
        return False
    if (given and all(name in head for name in given)) or is_header(head):
        return True
    return not any(find_image(cell, document.folder) for cell in head)


def _without_preamble(document: LabelsDocument) -> tuple[str, int]:
    """Return the text without leading comments and Excel's "sep=;", and how many lines they are."""
    lines = document.text.split("\n") if document.text[:1] in ("#", "s", '"') else []
    count = 0
    for line in lines:
        comment = line.startswith("#") and not is_header(re.split(r"[,;\t|]", line.strip()))
        if not (comment or re.fullmatch(r'"?sep=.?"?\s*', line)):
            break
        count += 1
    return ("\n".join(lines[count:]), count) if count < len(lines) else (document.text, 0)


def _delimiter(document: LabelsDocument, text: str) -> str:
    """Return the delimiter that splits the first row best."""
    heads = {delimiter: _first_row(text, delimiter) for delimiter in ",;\t|"}
    if document.path.suffix.lower() == ".tsv" and len(heads["\t"]) > 1:
        return "\t"
    return max(
        heads,
        key=lambda delimiter: (_is_split_well(heads[delimiter], document), len(heads[delimiter])),
    )


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _is_split_well(head: Sequence[str], document: LabelsDocument) -> bool:
    """Return whether a delimiter splits the first row into a header or an image and its caption."""
    given = [*document.columns.given().values()]
    return (
        (len(head) > 1 and any(map(is_image_name, head)))
        or is_header(head)
        or (bool(given) and all(name in head for name in given))
    )
