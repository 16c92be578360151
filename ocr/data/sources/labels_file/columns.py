"""Choose the columns with the images' names, the captions and the groups."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file.column_content import (
    box_columns,
    image_name_score,
    is_categorical,
    looks_like_captions,
)
from ocr.data.sources.labels_file.document import LabelsDocument
from ocr.errors import SettingError, UserError

# Usual names of the two columns in lower case, the documented one first.
FILES = (
    "file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_file",
    "image_filename", "image_name", "image_path", "img", "img_name", "img_path",
)  # fmt: skip
LABELS = (
    "label", "labels", "text", "caption", "transcription", "transcript", "ground_truth", "gt",
    "word", "words", "utf8_string",
)  # fmt: skip
# Words in the names of columns that hold captions.
_CAPTION_WORDS = {*LABELS, "solution", "answer", "plate", "reading", "content", "string", "captcha"}
# Words in the names of columns that hold something else.
_OTHER_WORDS = {
    "id", "index", "idx", "session", "user", "annotator", "worker", "split", "set", "fold", "score",
    "confidence", "conf", "prob", "width", "height", "date", "time", "timestamp", "created",
    "updated", "source", "type", "format", "lang", "language", "size", "md5", "sha1", "sha256",
    "hash", "box", "bbox", "lead", "part", "area", "x", "y", "w", "h", "prediction", "predictions",
    "camera", "url",
}  # fmt: skip


@dataclass
class Grid:
    """The cells of a table.

    Attributes:
        names: The names of the columns; "1", "2" and so on without a header.
        rows: The cells of each row, as many as there are names.
        prefixed: Whether names are paths in a JSON object, of which the last part may be used.
        varied: Whether captions must differ, see `looks_like_captions`.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    prefixed: bool = False
    varied: bool = True
    _columns: dict[int, list[str]] = field(default_factory=dict)

    def column(self, place: int) -> list[str]:
        """Return the values of a column."""
        if place not in self._columns:
            self._columns[place] = [row[place] for row in self.rows]
        return self._columns[place]


def choose_columns(grid: Grid, document: LabelsDocument) -> dict[str, int]:
    """Choose the columns of the images' names, the captions and, if given, the groups.

    Given names come first, then the documented names, then usual names, then the values.

    Args:
        grid: The cells.
        document: Their labels file; it gets a note if the values decide.

    Returns:
        The indices of the columns "file", "label" and perhaps "group".

    Raises:
        UserError: It isn't clear which columns to choose, or a given column doesn't exist.
    """
    columns, names = document.columns, grid.names
    file = _given(names, columns.file, "data.file_column")
    label = _given(names, columns.label, "data.label_column")
    group = _given(names, columns.group, "data.group")
    if file is None:
        named = find_usual(names, FILES, grid.prefixed)
        file = _file(grid, named, label, document.folder)
    if label is None:
        named = find_usual(names, LABELS, grid.prefixed)
        label = named[0] if len(named) == 1 else _label(grid, named, file, document)
    places = {"file": file, "label": label}
    return places if group is None else places | {"group": group}


def find_usual(names: Sequence[str], known: Sequence[str], prefixed: bool = False) -> list[int]:
    """Return the indices of usual names, or of the documented name `known[0]` if it occurs."""
    for parts in (names, [name.rpartition(".")[2] for name in names] if prefixed else ()):
        plain = [_plain(name) for name in parts]
        if known[0] in plain:
            return [plain.index(known[0])]
        if found := [place for place, name in enumerate(plain) if name in known]:
            return found
    return []


def is_header(names: Sequence[str]) -> bool:
    """Return whether names include one for images and one for captions, as a header does."""
    has_captions = any(_words(name) & _CAPTION_WORDS for name in names)
    return has_captions and bool(find_usual(names, FILES))


def _given(names: Sequence[str], chosen: str | None, key: str) -> int | None:
    if chosen is None:
        return None
    if chosen not in names:
        raise SettingError(
            f"{key}={chosen}: no such column; the columns are {_listed(names)}", key=key
        )
    return names.index(chosen)


def _file(grid: Grid, named: list[int], label: int | None, folder: Folder | None) -> int:
    if len(named) == 1:
        return named[0]
    candidates = named or [place for place in range(len(grid.names)) if place != label]
    scores = {place: image_name_score(grid.column(place), folder) for place in candidates}
    scores = {place: score for place, score in scores.items() if score}
    if scores:
        best = max(scores, key=lambda place: scores[place])
        candidates = [place for place, score in scores.items() if score == scores[best]]
        if len(candidates) == 1 or _name_same_files(grid, candidates):
            return best
    what = "several columns" if scores or named else "no column"
    raise UserError(
        f"{what} for 'file' among the columns {_listed(grid.names)}: choose with "
        f"{_either('data.file_column', grid.names, candidates if scores else ())} and "
        "data.label_column=NAME",
        key="data.file_column",
    )


def _name_same_files(grid: Grid, places: Sequence[int]) -> bool:
    """Return whether columns name the same files, such as a name and its path."""
    return all(
        len({row[place].replace("\\", "/").rpartition("/")[2] for place in places}) == 1
        for row in grid.rows
    )


def _label(grid: Grid, named: list[int], file: int, document: LabelsDocument) -> int:
    others = [place for place in range(len(grid.names)) if place != file]
    plausible = _plausible_captions(grid, named or others)
    for selected in _selections(grid, plausible, others, document.given):
        if len(selected) == 1:
            document.column_guessed = True
            document.notes.append(
                f"{document.path.name}: captions are from the column {grid.names[selected[0]]!r} "
                "(data.label_column=NAME chooses another)"
            )
            return selected[0]
    what = "several columns" if len(plausible) > 1 or len(named) > 1 else "no column"
    raise UserError(
        f"{what} for 'label' among the columns {_listed(grid.names)}: choose with "
        f"{_override('data.file_column', grid.names[file])} "
        f"{_either('data.label_column', grid.names, plausible or others)}",
        key="data.label_column",
    )


def _plausible_captions(grid: Grid, places: Sequence[int]) -> list[int]:
    """Return those of some columns whose values look like captions."""
    boxes = box_columns([grid.column(place) for place in range(len(grid.names))])
    return [
        place
        for place in places
        if place not in boxes
        and looks_like_captions(grid.column(place), varied=grid.varied)
        and image_name_score(grid.column(place), None) == 0
    ]


def _selections(
    grid: Grid, plausible: list[int], others: list[int], given: bool
) -> Iterator[list[int]]:
    """Yield selections of columns; the first one with a single column is right.

    Args:
        grid: The cells.
        plausible: The columns whose values look like captions.
        others: All columns but that of the images' names.
        given: Whether data.labels names the file.
    """
    words = {place: _words(grid.names[place]) for place in others}
    varied = [p for p in plausible if not (grid.varied and is_categorical(grid.column(p)))]
    named = [place for place in plausible if words[place] & _CAPTION_WORDS]
    if not given:  # the file may be about something else
        sure = [place for place in varied if not words[place] & _OTHER_WORDS]
        yield from (sure, [place for place in sure if place in named])
    elif len(others) == 1:
        yield others
    else:
        yield from (plausible, varied, named)
        yield [place for place in plausible if not words[place] & _OTHER_WORDS]
        yield [place for place in varied if not words[place] & _OTHER_WORDS]


def _either(key: str, names: Sequence[str], places: Sequence[int]) -> str:
    """Return an override with the first of some columns, and the names of the others."""
    if not places:
        return f"{key}=NAME"
    first, *others = places
    more = f" (or {', '.join(repr(names[place]) for place in others[:5])})" if others else ""
    return f"{_override(key, names[first])}{more}"


def _override(key: str, value: str) -> str:
    """Return an override as it is typed in a shell."""
    plain = re.fullmatch(r"[\w.+-]+", value, re.ASCII)
    return f"{key}={value}" if plain else f"'{key}=\"{value}\"'"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:30])) or "none"


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _words(name: str) -> set[str]:
    """Return the words in a name such as plate_text or plateText, and the whole name."""
    separated = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.strip())
    return {_plain(name), *re.split(r"[^a-z0-9]+", separated.lower())}


def cells_of(row: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    """Return the cells of a row by "file", "label" and perhaps "group"."""
    return {key: row[place] for key, place in places.items()}
