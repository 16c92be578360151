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

# Usual names of the two columns, in lower case; ours is the first.
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
    """Cells whose columns are to be told apart.

    Attributes:
        names: Of the columns; "1", "2" and so on if there is no header.
        rows: The cells of each row, as many as there are names.
        prefixed: Whether names are paths in a JSON object, whose last part counts as well.
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
    """Choose the columns for the images' names, the captions and, if it is given, the group.

    What the user has given counts first, then our own names, then usual names, then the values.

    Args:
        grid: The cells.
        document: The file they are from; it gets a note if the values have decided.

    Returns:
        The places of "file", "label" and perhaps "group" among the columns.

    Raises:
        UserError: It isn't clear, and the message gives overrides; or a given column doesn't exist.
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
    """Return the places of usual names; only of our own name, `known[0]`, if it is there."""
    for parts in (names, [name.rpartition(".")[2] for name in names] if prefixed else ()):
        plain = [_plain(name) for name in parts]
        if known[0] in plain:
            return [plain.index(known[0])]
        if found := [place for place, name in enumerate(plain) if name in known]:
            return found
    return []


def is_header(names: Sequence[str]) -> bool:
    """Return whether names are a header, with a column for images and one for captions."""
    texts = [place for place, name in enumerate(names) if _words(name) & _CAPTION_WORDS]
    return bool(find_usual(names, FILES) and (find_usual(names, LABELS) or texts))


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
    some = named or [place for place in range(len(grid.names)) if place != label]
    sure = {place: image_name_score(grid.column(place), folder) for place in some}
    sure = {place: share for place, share in sure.items() if share}
    if sure:
        best = max(sure, key=lambda place: sure[place])
        rivals = [place for place, share in sure.items() if share == sure[best]]
        if len(rivals) == 1 or _agree(grid, rivals):
            return best
        some = rivals
    what = "several columns" if sure or named else "no column"
    raise UserError(
        f"{what} for 'file' among the columns {_listed(grid.names)}: choose with "
        f"{_either('data.file_column', grid.names, some if sure else ())} and "
        "data.label_column=NAME",
        key="data.file_column",
    )


def _agree(grid: Grid, places: Sequence[int]) -> bool:
    """Return whether columns name the same files, such as a name and its path."""
    return all(
        len({row[place].replace("\\", "/").rpartition("/")[2] for place in places}) == 1
        for row in grid.rows
    )


def _label(grid: Grid, named: list[int], file: int, document: LabelsDocument) -> int:
    others = [place for place in range(len(grid.names)) if place != file]
    rest = _like_captions(grid, named or others)
    for some in _narrower(grid, rest, others, document.given):
        if len(some) == 1:
            document.column_guessed = True
            document.notes.append(
                f"{document.path.name}: captions are from the column {grid.names[some[0]]!r} "
                "(data.label_column=NAME chooses another)"
            )
            return some[0]
    what = "several columns" if len(rest) > 1 or len(named) > 1 else "no column"
    raise UserError(
        f"{what} for 'label' among the columns {_listed(grid.names)}: choose with "
        f"{_override('data.file_column', grid.names[file])} "
        f"{_either('data.label_column', grid.names, rest or others)}",
        key="data.label_column",
    )


def _like_captions(grid: Grid, places: Sequence[int]) -> list[int]:
    boxes = box_columns([grid.column(place) for place in range(len(grid.names))])
    return [
        place
        for place in places
        if place not in boxes
        and looks_like_captions(grid.column(place), varied=grid.varied)
        and image_name_score(grid.column(place), None) == 0
    ]


def _narrower(grid: Grid, rest: list[int], others: list[int], given: bool) -> Iterator[list[int]]:
    """Yield selections of the columns that look like captions, the surest first."""
    words = {place: _words(grid.names[place]) for place in others}
    various = [place for place in rest if not (grid.varied and is_categorical(grid.column(place)))]
    telling = [place for place in rest if words[place] & _CAPTION_WORDS]
    if not given:  # it may be about something else
        sure = [place for place in various if not words[place] & _OTHER_WORDS]
        yield from (sure, [place for place in sure if place in telling])
    elif len(others) == 1:
        yield others
    else:
        yield from (rest, various, telling)
        yield [place for place in rest if not words[place] & _OTHER_WORDS]
        yield [place for place in various if not words[place] & _OTHER_WORDS]


def _either(key: str, names: Sequence[str], places: Sequence[int]) -> str:
    """Return an override with the first of some names, and the other names."""
    if not places:
        return f"{key}=NAME"
    first, *others = places
    told = f" (or {', '.join(repr(names[place]) for place in others[:5])})" if others else ""
    return f"{_override(key, names[first])}{told}"


def _override(key: str, value: str) -> str:
    """Return an override as it is typed in a shell."""
    plain = re.fullmatch(r"[\w.+-]+", value, re.ASCII)
    return f"{key}={value}" if plain else f"'{key}=\"{value}\"'"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:30])) or "none"


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _words(name: str) -> set[str]:
    """Return the words of a name such as plate_text or plateText, and the whole name."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.strip())
    return {_plain(name), *re.split(r"[^a-z0-9]+", apart.lower())}


def cells_of(row: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    """The cells that count, by what they are."""
    return {key: row[place] for key, place in places.items()}
