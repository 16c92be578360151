"""The captions of many images in one file."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder, is_file
from ocr.data.sources.image_names import base_names, name_variants
from ocr.data.sources.labels_file.document import Columns
from ocr.data.sources.labels_file.reading import open_document, read_document
from ocr.errors import UserError


class LabelsFile:
    """A `CaptionSource`: the rows of a table, a list or a JSON file.

    Paths of images are relative to the images' folder or to that of the labels file.

    Args:
        path: The labels file.
        columns: The names of its columns.
        foreign: Whether its paths may be of another machine. If none of them exists, images are
            then found by unique file names.
        folder: The images, which help to find the columns.
        encoding: See `read_text`.
        given: Whether data.labels names the file, see `read_labels`.

    Attributes:
        rows: The rows in order.
        notes: Messages for the user about how the file is read.
        column_guessed: Whether the column of captions was chosen by its values, not by its name.
        foreign_path: The first path that doesn't exist, if images are found by file names.

    Raises:
        UserError: The file cannot be read, or has no captions.
    """

    def __init__(
        self,
        path: Path,
        columns: Columns,
        foreign: bool = True,
        folder: Folder | None = None,
        encoding: str | None = None,
        given: bool = False,
    ) -> None:
        self.name = path.name
        self.path = path
        self.foreign = foreign
        self.foreign_path: str | None = None
        document = open_document(path, columns, folder, encoding, given)
        self.rows = read_document(document)
        texts = [row.text.strip() for row in self.rows if isinstance(row, Row)]
        if texts and not any(texts):
            raise UserError(f"{path}: all captions are empty")
        self.notes = document.notes
        self.column_guessed = document.column_guessed
        self._unused = {row.where: row for row in self.rows if isinstance(row, Row)}
        self._malformed = [row for row in self.rows if isinstance(row, Skipped)]

    def captions(self, folder: Folder, outside: bool = True) -> Iterator[Row | Skipped]:
        """Yield the rows whose images exist, and images whose rows have no text.

        Args:
            folder: The images.
            outside: Whether images outside the folder are found as well.
        """
        found = self._find(folder, outside)
        rows = [row for row in self.rows if isinstance(row, Row) and row.file in found]
        captioned = {found[row.file] for row in rows if row.text.strip()}
        for row in rows:
            self._unused.pop(row.where, None)
            path = found[row.file]
            if row.text.strip():
                yield row._replace(file=str(path))
            elif path not in captioned:
                captioned.add(path)
                yield Skipped(str(path), SkipReason.NO_CAPTION, f"no caption in {row.where}")

    def unused_rows(self) -> list[Skipped]:
        """Return the rows that `captions` has not yielded for any folder so far."""
        return self._malformed + [
            Skipped(row.file, SkipReason.MISSING_FILE, f"no such file ({where})")
            if row.text.strip()
            else Skipped(
                row.file, SkipReason.NO_CAPTION, f"no caption in {where}, and no such file"
            )
            for where, row in self._unused.items()
        ]

    def coverage(self, folder: Folder) -> float:
        """Return the share of the folder's images that have a row.

        If the folder has no images, return the share of rows whose images exist elsewhere.
        """
        if not folder.images:
            return len(self._find(folder)) / max(1, len(self._files()))
        named = {image for file in self._files() if (image := folder.image(file))}
        if not named and self.foreign:
            here = {str(folder.path / name) for name in folder.images}
            named = here.intersection(map(str, self._find(folder).values()))
        return len(named) / len(folder.images)

    def _files(self) -> list[str]:
        """Return the names of images in the rows, each once."""
        return [*dict.fromkeys(row.file for row in self.rows if isinstance(row, Row))]

    def _find(self, folder: Folder, outside: bool = True) -> dict[str, Path]:
        """Return the path of each name whose image exists."""
        files = self._files()
        found = {file: path for file in files if (path := self._locate(file, folder, outside))}
        if not found and self.foreign and (found := _find_by_base_name(files, folder)):
            self.foreign_path = next(iter(found))
        return found

    def _locate(self, file: str, folder: Folder, outside: bool) -> Path | None:
        names = name_variants(file)
        for name in names:
            if image := folder.image(name):
                return folder.path / image
        place = _normalized(folder.path)
        for name in names:
            for base in (folder.path, self.path.parent):
                path = (base / name).absolute()
                if _normalized(path).is_relative_to(place):
                    inside = folder.path / _normalized(path).relative_to(place)
                    if is_file(inside):
                        return inside
                if outside and is_file(path):
                    return path
        return None


def _find_by_base_name(files: Sequence[str], folder: Folder) -> dict[str, Path]:
    """Find images by file names without folders; find nothing if one is ambiguous."""
    own = {name.rpartition("/")[2]: name for name in folder.images}
    if len(own) < len(folder.images):
        return {}
    named = {}
    for file in files:
        images = (own.get(base) or folder.image(base) for base in base_names(file))
        if image := next(filter(None, images), None):
            named[file] = folder.path / image
    return named if len(set(named.values())) == len(named) else {}


def _normalized(path: Path) -> Path:
    """Return an absolute path without `..`, so that paths can be compared."""
    return Path(os.path.normpath(path.absolute()))
