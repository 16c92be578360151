"""JSON files: one object per line, an array of objects, or an object whose keys name images."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.labels_file.column_content import find_image, is_image_name
from ocr.data.sources.labels_file.columns import FILES, LABELS, Grid, choose_columns, find_usual
from ocr.data.sources.labels_file.document import LabelsDocument, make_row
from ocr.errors import UserError

Leaves = dict[str, list[Any]]  # the values in an object by their paths, such as "meta.text"
Entry = tuple[str, Leaves]  # a place in the file, and the values there

_MAX_KEYS = 2000  # keys of an object that are checked for names of images
_SCALARS = (str, bool, type(None))  # numbers are read as strings


class _Object(dict):
    """An object that keeps all members, even those with the same name."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        super().__init__(members)
        self.members = members


def read_json(document: LabelsDocument) -> Iterator[Row | Skipped]:
    """Yield the rows of JSON or JSON Lines; numbers stay as they are written."""
    values = _values(document)
    if len(values) == 1 and isinstance(values[0][1], list | dict):
        found = _entries(document, values[0][1], 0)
        if found is None:
            raise UserError(f"{document.path}: nothing in it names images and their captions")
        entries = found
    else:
        entries = [_line_entry(document, number, value) for number, value in values]
    if not entries:
        return
    names = list(dict.fromkeys(name for _, leaves in entries for name in leaves))
    if any(not name.startswith("predictions.") for name in names):  # by Label Studio's models
        names = [name for name in names if not name.startswith("predictions.")]
    rows = [[_cell(leaves.get(name)) for name in names] for _, leaves in entries]
    try:
        places = choose_columns(Grid(names, rows, prefixed=True), document)
    except UserError as error:
        raise UserError(f"{document.path}: {error}", key=error.key) from error
    chosen = {key: names[place] for key, place in places.items()}
    known = {name for _, leaves in entries if chosen["label"] in leaves for name in leaves}
    place = document.path.parent
    for where, leaves in entries:
        yield _row(place, where, leaves, chosen, known)


def _row(
    place: Path, where: str, leaves: Leaves, chosen: Mapping[str, str], known: set[str]
) -> Row | Skipped:
    label, cells = chosen["label"], {}
    if label not in leaves and (odd := [name for name in leaves if name not in known]):
        return Skipped(where, SkipReason.MALFORMED_ROW, f"has no {label!r}, but {odd[0]!r}")
    for key, name in chosen.items():
        values = list(dict.fromkeys(leaves.get(name, ())))
        if odd := [value for value in values if not isinstance(value, str | None)]:
            raise UserError(
                f"{place / where}: the {key} is {json.dumps(odd[0])[:40]}, not a string"
            )
        values = [value for value in values if value is not None]
        if len(values) > 1:
            shown = ", ".join(map(repr, values[:3]))
            return Skipped(
                where,
                SkipReason.MALFORMED_ROW,
                f"has several values of {name!r}: {shown}; an image shows one text",
            )
        cells[key] = values[0] if values else ""
    return make_row(cells, where)


def _values(document: LabelsDocument) -> list[tuple[int, Any]]:
    """Return the JSON values in the text, each with the number of its line."""
    decoder = json.JSONDecoder(
        parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_Object
    )
    text, place, line = document.text, 0, 1
    values: list[tuple[int, Any]] = []
    while True:
        start = place
        while place < len(text) and text[place] in " \t\r\n":
            place += 1
        line += text.count("\n", start, place)
        if place == len(text):
            return values
        start = place
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            # In a single value of many lines, the error may be in a later line.
            here = error.lineno if not values and isinstance(error, json.JSONDecodeError) else line
            message = f"{document.path}, line {here}: not JSON"
            raise UserError(f"{message} ({str(error).partition(': line')[0]})") from error
        values.append((line, value))
        line += text.count("\n", start, place)


def _line_entry(document: LabelsDocument, number: int, value: Any) -> Entry:
    if not isinstance(value, dict):
        raise UserError(
            f"{document.path}, line {number}: not an object, such as "
            + '{"file": "1.png", "label": "A12"}'
        )
    return document.where(number), _flat(value)


def _entries(document: LabelsDocument, value: Any, depth: int) -> list[Entry] | None:
    """Return the values that may be rows, from an array or from an object, or None.

    In an object they are the members whose keys name images, or those of an inner value.
    """
    if isinstance(value, list):
        return [
            (document.where(number, "entry"), _flat(one))
            for number, one in enumerate(value, start=1)
        ]
    if find_usual([*value], FILES) and find_usual([*value], LABELS):  # one row
        return [(document.where(1), _flat(value))]
    if joined := _join_coco(value):
        return _entries(document, joined, depth)
    keys = [*value][:_MAX_KEYS]
    named = [is_image_name(key) or find_image(key, document.folder) for key in keys]
    if sum(map(bool, named)) > 0.5 * len(named):
        return [
            (document.where(number, "entry"), _named_entry(key, one))
            for number, (key, one) in enumerate(value.members, start=1)
        ]
    inner = [one for one in value.values() if isinstance(one, list | dict) and one]
    if inner and len(inner) == len(value) and all(map(_names_image, inner)):
        return _entries(document, inner, depth)  # VIA, whose keys are file name and size
    found = [
        entries for one in inner if depth < 5 and (entries := _inner_entries(document, one, depth))
    ]
    return found[0] if len(found) == 1 else None


def _names_image(value: Any) -> bool:
    texts = value.values() if isinstance(value, dict) else ()
    return any(isinstance(text, str) and is_image_name(text) for text in texts)


def _inner_entries(document: LabelsDocument, value: Any, depth: int) -> list[Entry] | None:
    """Return the entries of a value in an object if they name images, or None."""
    entries = _entries(document, value, depth + 1) or []
    values = [one for _, leaves in entries for some in leaves.values() for one in some]
    if any(isinstance(one, str) and is_image_name(one) for one in values):
        return entries
    return None


def _named_entry(key: str, value: Any) -> Leaves:
    if not isinstance(value, dict | list):
        return {"file": [key], "label": [value]}
    if isinstance(value, list) and all(isinstance(one, _SCALARS) for one in value):
        return {"file": [key], "label": value}
    leaves = _flat(value)
    return {
        "file": [key],
        **{name or "label": some for name, some in leaves.items() if name != "file"},
    }


def _join_coco(value: Mapping[str, Any]) -> list[Any] | None:
    """Return the images of COCO's format, each with its annotations; None for another format."""
    images = value.get("images") or value.get("imgs")
    notes = value.get("annotations") or value.get("anns")
    if not isinstance(images, list | dict) or not isinstance(notes, list | dict):
        return None
    images = [*images.values()] if isinstance(images, dict) else images
    notes = [*notes.values()] if isinstance(notes, dict) else notes
    if not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in images):
        return None
    by_image: dict[str, list[Any]] = {}
    for one in notes:
        if not isinstance(one, dict) or not isinstance(one.get("image_id"), str):
            return None
        by_image.setdefault(one["image_id"], []).append(one)
    return [{**one, "annotations": by_image.get(one["id"], [])} for one in images]


def _flat(value: Any, path: str = "") -> Leaves:
    """Return all values in a JSON value by their paths; values of an array share one path."""
    leaves: Leaves = {}
    if (
        isinstance(value, str) and value[:1] == "{"
    ):  # JSON in a string, such as Donut's ground_truth
        try:
            value = json.loads(value, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            return {path: [value]}
    if isinstance(value, dict):
        parts: Iterator[tuple[str, Any]] = iter(value.items())
    elif isinstance(value, list):
        if path == "" and all(isinstance(one, _SCALARS) for one in value) and len(value) > 1:
            return {str(place): [one] for place, one in enumerate(value, start=1)}
        parts = (("", one) for one in value)
    else:
        return {path: [value]}
    for name, one in parts:
        inner = f"{path}.{name}" if path and name else path or name
        if not (isinstance(one, list | dict) or (isinstance(one, str) and one[:1] == "{")):
            leaves.setdefault(inner, []).append(one)
            continue
        for key, some in _flat(one, inner).items():
            leaves.setdefault(key, []).extend(some)
    return leaves


def _cell(values: Sequence[Any] | None) -> str:
    """Return the text of a column in one entry; "" unless there is exactly one."""
    texts = {value for value in values or () if isinstance(value, str)}
    return texts.pop() if len(texts) == 1 else ""
