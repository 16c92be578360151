"""A loaded labels file, and the names of its columns."""

from dataclasses import dataclass, field
from pathlib import Path

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder


@dataclass(frozen=True)
class Columns:
    """The names of a labels file's columns, as far as they are given.

    Attributes:
        file: The column with the images' names; None: found automatically.
        label: The column with the captions; None: found automatically.
        group: The column with the groups; None: no groups.
    """

    file: str | None = None
    label: str | None = None
    group: str | None = None

    def given(self) -> dict[str, str]:
        """Return the given names by their config keys."""
        keys = {
            "data.file_column": self.file,
            "data.label_column": self.label,
            "data.group": self.group,
        }
        return {key: name for key, name in keys.items() if name is not None}


@dataclass
class LabelsDocument:
    """A labels file that is loaded but not parsed.

    Attributes:
        path: The file.
        text: Its content.
        columns: The names of its columns.
        folder: The images that it may be about.
        given: Whether data.labels names the file; otherwise it was detected.
        notes: Messages for the user about how the file is read; parsers add them.
        column_guessed: Whether the column of captions was chosen by its values, not by its name;
            parsers set it.
    """

    path: Path
    text: str
    columns: Columns
    folder: Folder | None = None
    given: bool = False
    notes: list[str] = field(default_factory=list)
    column_guessed: bool = False

    def where(self, number: int, unit: str = "line") -> str:
        """Return a place in the file for messages and skipped.csv."""
        return f"{self.path.name}, {unit} {number}"


def make_row(cells: dict[str, str], where: str) -> Row | Skipped:
    """Make a row from the cells "file", "label" and perhaps "group"."""
    if not cells["file"].strip():
        return Skipped(
            where, SkipReason.MALFORMED_ROW, f"names no image for the caption {cells['label']!r}"
        )
    return Row(cells["file"], cells["label"], cells.get("group", ""), where)
