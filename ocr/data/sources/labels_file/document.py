"""What readers of labels files take and give."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.folder import Folder


class Row(NamedTuple):
    """What a labels file says of one image; `where` is the place, to be named in reasons.

    An empty text: nobody has captioned the image yet.
    """

    file: str
    text: str
    group: str
    where: str


@dataclass(frozen=True)
class Columns:
    """The columns' names. None: for `file` and `label` those that are clear, for `group` none."""

    file: str | None = None
    label: str | None = None
    group: str | None = None

    def given(self) -> dict[str, str]:
        """The names that a person has chosen, by the key that chooses them."""
        keys = {
            "data.file_column": self.file,
            "data.label_column": self.label,
            "data.group": self.group,
        }
        return {key: name for key, name in keys.items() if name is not None}


@dataclass
class LabelsDocument:
    """A labels file that is to be read.

    Attributes:
        path: The file.
        text: What is in it.
        columns: The names of its columns, as far as they are given.
        folder: The images that it may be about.
        given: Whether a person has named the file, rather than that it was found.
        notes: What a person should know about how it is read; readers add to it.
        guessed: Whether what its columns hold has told which of them are the captions, rather
            than a name; readers set it.
    """

    path: Path
    text: str
    columns: Columns
    folder: Folder | None = None
    given: bool = False
    notes: list[str] = field(default_factory=list)
    guessed: bool = False

    def where(self, number: int, unit: str = "line") -> str:
        """A place in the file, as skipped.csv names it."""
        return f"{self.path.name}, {unit} {number}"


def make_row(cells: dict[str, str], where: str) -> Row | Skipped:
    """A row by what its cells are: file, label and perhaps group."""
    if not cells["file"].strip():
        return Skipped(
            where, SkipReason.MALFORMED_ROW, f"names no file for the caption {cells['label']!r}"
        )
    return Row(cells["file"], cells["label"], cells.get("group", ""), where)
