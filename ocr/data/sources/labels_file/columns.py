"""Which columns hold the images' names, the captions and the groups."""

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
from ocr.errors import UserError

# Names that others give the two columns, in small letters.
FILES = (
    "file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_file",
    "image_filename", "image_name", "image_path", "img", "img_name", "img_path",
)  # fmt: skip
LABELS = (
    "label", "labels", "text", "caption", "transcription", "transcript", "ground_truth", "gt",
    "word", "words", "utf8_string",
)  # fmt: skip
# Parts of names of columns that are captions where several could be.
_TELLING = {*LABELS, "solution", "answer", "plate", "reading", "content", "string", "captcha"}
# And of such that aren't.
_OTHERS = {
    "id", "index", "idx", "session", "user", "annotator", "worker", "split", "set", "fold", "score",
    "confidence", "conf", "prob", "width", "height", "date", "time", "timestamp", "created",
    "updated", "source", "type", "format", "lang", "language", "size", "md5", "sha1", "sha256",
    "hash", "box", "bbox", "lead", "part", "area", "x", "y", "w", "h", "prediction", "predictions",
    "camera", "url",
}  # fmt: skip


@dataclass
class Grid:
    """Cells that are to be told apart.

    Attributes:
        names: Of the columns; "1", "2" and so on where nobody has named them.
        rows: The cells of each row, as many as there are names.
        prefixed: Whether a name is a path in an object, of which the last part counts as well.
        varied: See `looks_like_captions`.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    prefixed: bool = False
    varied: bool = True
    _columns: dict[int, list[str]] = field(default_factory=dict)

    def column(self, place: int) -> list[str]:
        """The values in it."""
        if place not in self._columns:
            self._columns[place] = [row[place] for row in self.rows]
        return self._columns[place]


def choose_columns(grid: Grid, source: LabelsDocument) -> dict[str, int]:
    """Where file, label and, if it is given, group are among the columns.

    What is given goes first, then our own names, then the usual ones, then what the columns hold.

    Raises:
        UserError: If that isn't clear, with the overrides that make it so; or if a column that is
            given isn't there.
    """
    columns, names = source.columns, grid.names
    places = {
        "file": _given(names, columns.file, "data.file_column"),
        "label": _given(names, columns.label, "data.label_column"),
    }
    if places["file"] is None:
        named = find_usual(names, FILES, grid.prefixed)
        places["file"] = _file(grid, named, places["label"], source.folder)
    if places["label"] is None:
        named = find_usual(names, LABELS, grid.prefixed)
        places["label"] = named[0] if len(named) == 1 else _label(grid, named, places, source)
    if columns.group is not None:
        places["group"] = _given(names, columns.group, "data.group")
    return places


def find_usual(names: Sequence[str], known: Sequence[str], prefixed: bool = False) -> list[int]:
    """The places of the names that are known: of our own one alone if it is among them."""
    for parts in (names, [name.rpartition(".")[2] for name in names] if prefixed else ()):
        plain = [_plain(name) for name in parts]
        if known[0] in plain:  # our own name for it, whatever else there is
            return [plain.index(known[0])]
        if found := [place for place, name in enumerate(plain) if name in known]:
            return found
    return []


def is_header(names: Sequence[str]) -> bool:
    """Whether they are a header's, with a name for images and one for captions."""
    texts = [place for place, name in enumerate(names) if _words(name) & _TELLING]
    return bool(find_usual(names, FILES) and (find_usual(names, LABELS) or texts))


def _given(names: Sequence[str], chosen: str | None, key: str) -> int | None:
    if chosen is None:
        return None
    if chosen not in names:
        raise UserError(f"{key}={chosen}: no such column; there are {_listed(names)}")
    return names.index(chosen)


def _file(grid: Grid, named: list[int], label: int | None, folder: Folder | None) -> int:
    if len(named) == 1:
        return named[0]
    some = named or [place for place in range(len(grid.names)) if place != label]
    sure = {place: image_name_score(grid.column(place), folder) for place in some}
    sure = {place: share for place, share in sure.items() if share}
    if sure:
        best = max(sure, key=sure.get)
        # Those with a suffix are surer, and of them those that are here.
        rivals = [place for place, share in sure.items() if share == sure[best]]
        if len(rivals) == 1 or _agree(grid, rivals):
            return best
        some = rivals
    what = "several columns" if sure or named else "no column"
    raise UserError(
        f"{what} for 'file' among the columns {_listed(grid.names)}: choose with "
        f"{_either('data.file_column', grid.names, some if sure else ())} and "
        "data.label_column=NAME"
    )


def _agree(grid: Grid, places: Sequence[int]) -> bool:
    """Whether columns name the same files, such as a name and the path to it."""
    return all(
        len({row[place].replace("\\", "/").rpartition("/")[2] for place in places}) == 1
        for row in grid.rows
    )


def _label(
    grid: Grid, named: list[int], places: Mapping[str, int | None], source: LabelsDocument
) -> int:
    others = [place for place in range(len(grid.names)) if place != places["file"]]
    rest = _like_captions(grid, named or others)
    for some in _narrower(grid, rest, others, source.given):
        if len(some) == 1:
            source.guessed = True
            source.notes.append(
                f"{source.path.name}: captions are from the column {grid.names[some[0]]!r} "
                "(data.label_column=NAME chooses another)"
            )
            return some[0]
    what = "several columns" if len(rest) > 1 or len(named) > 1 else "no column"
    raise UserError(
        f"{what} for 'label' among the columns {_listed(grid.names)}: choose with "
        f"{_override('data.file_column', grid.names[places['file']])} "
        f"{_either('data.label_column', grid.names, rest or others)}"
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
    """Ways to choose from the columns that read like captions, the surest first."""
    words = {place: _words(grid.names[place]) for place in others}
    various = [place for place in rest if not (grid.varied and is_categorical(grid.column(place)))]
    telling = [place for place in rest if words[place] & _TELLING]
    if not given:  # in a file that nobody has named it may well be something else
        sure = [place for place in various if not words[place] & _OTHERS]
        yield from (sure, [place for place in sure if place in telling])
    elif len(others) == 1:
        yield others
    else:
        yield from (rest, various, telling)
        yield [place for place in rest if not words[place] & _OTHERS]
        yield [place for place in various if not words[place] & _OTHERS]


def _either(key: str, names: Sequence[str], places: Sequence[int]) -> str:
    """The override, with one of the names, and the others for which it may be changed."""
    if not places:
        return f"{key}=NAME"
    first, *others = places
    told = f" (or {', '.join(repr(names[place]) for place in others[:5])})" if others else ""
    return f"{_override(key, names[first])}{told}"


def _override(key: str, value: str) -> str:
    """As one types it in a shell."""
    plain = re.fullmatch(r"[\w.+-]+", value, re.ASCII)
    return f"{key}={value}" if plain else f"'{key}=\"{value}\"'"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:30])) or "none"


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _words(name: str) -> set[str]:
    """The parts of a name such as plate_text or plateText, and the whole."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.strip())
    return {_plain(name), *re.split(r"[^a-z0-9]+", apart.lower())}


def cells_of(row: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    """The cells that count, by what they are."""
    return {key: row[place] for key, place in places.items()}
