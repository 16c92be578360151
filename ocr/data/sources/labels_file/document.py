"""A labels file that is loaded, and the names of its columns."""

from dataclasses import dataclass, field
from pathlib import Path

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder


@dataclass(frozen=True)
class Columns:
    """The columns' names that the user has given.

    Attributes:
        file: The column with the images' names; None: it is told from the others.
        label: The column with the captions; None: it is told from the others.
        group: The column with the groups; None: there are none.
    """

    file: str | None = None
    label: str | None = None
    group: str | None = None

    def given(self) -> dict[str, str]:
        """Return the names that are given, by their configuration key."""
        keys = {
            "data.file_column": self.file,
            "data.label_column": self.label,
            "data.group": self.group,
        }
        return {key: name for key, name in keys.items() if name is not None}


@dataclass
class LabelsDocument:
    """A labels file, loaded but not yet read.

    Attributes:
        path: The file.
        text: What is in it.
        columns: The names of its columns.
        folder: The images that it may be about.
        given: Whether the user has named the file, rather than that it was detected.
        notes: What the user should know about how it is read; readers add to it.
        column_guessed: Whether the captions' column was told by its values, not by its name;
            readers set it.
    """

    path: Path
    text: str
    columns: Columns
    folder: Folder | None = None
    given: bool = False
    notes: list[str] = field(default_factory=list)
    column_guessed: bool = False

    def where(self, number: int, unit: str = "line") -> str:
        """Return a place in the file, as skipped.csv names it."""
        return f"{self.path.name}, {unit} {number}"


def make_row(cells: dict[str, str], where: str) -> Row | Skipped:
    """Make a row of the cells "file", "label" and perhaps "group"."""
    if not cells["file"].strip():
        return Skipped(
            where, SkipReason.MALFORMED_ROW, f"names no file for the caption {cells['label']!r}"
        )
    return Row(cells["file"], cells["label"], cells.get("group", ""), where)
