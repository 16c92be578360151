"""Where captions are kept: in file names, in text files beside the images, or in a labels file."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.image_names import base_names, name_variants
from ocr.data.sources.labels_file import Columns, Row, open_document, read_document
from ocr.data.sources.sidecar import find_sidecars
from ocr.data.text.encoding import read_text
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.errors import UserError


class FileNameCaptions:
    """The images' own names."""

    def __init__(self, pattern: FileNamePattern) -> None:
        self.pattern = pattern
        self.name = "name"

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """In the images' order."""
        folder.require_images()
        matches = self.pattern.matches([self._seen(name) for name in folder.images])
        for name, match in zip(folder.images, matches, strict=True):
            path = str(folder.path / name)
            if match:
                yield Row(path, *match, name)
            else:
                yield Skipped(
                    path,
                    SkipReason.NAME_MISMATCH,
                    f"the name doesn't fit data.pattern={self.pattern.text}",
                )

    def _seen(self, name: str) -> str:
        return stem(name if self.pattern.has_folders else name.rpartition("/")[2])


class SidecarText:
    """A text file for each image: line.png and line.gt.txt, or line.bin.png and line.gt.txt."""

    def __init__(self, suffix: str, encoding: str | None = None) -> None:
        self.name = suffix
        self.encoding = encoding

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """In the order of those images that have one; an empty text is none yet."""
        folder.require_images()
        for name, text in self.find(folder).items():
            path = str(folder.path / name)
            try:
                caption = read_text(folder.path / text, self.encoding)
            except UserError as error:
                detail = str(error).removeprefix(f"{folder.path}{os.sep}")
                yield Skipped(path, SkipReason.UNREADABLE_CAPTION, detail)
            else:
                if caption.strip():
                    yield Row(path, caption.removesuffix("\n").removesuffix("\r"), "", text)

    def find(self, folder: Folder) -> dict[str, str]:
        """The names of the images that have a text, and of their texts."""
        return find_sidecars(folder, self.name)

    def share(self, folder: Folder) -> float:
        """Of the images."""
        return len(self.find(folder)) / max(1, len(folder.images))


class LabelsFile:
    """The rows of a table or a list; file names count from the images' folder, or from its own.

    foreign: whether they may be paths of another place, such as another machine, of which only the
    last part counts. That is tried where none of them is there, and taken where each names one
    image. `foreigner` is then the first of them.
    folder, encoding, given: see `read_labels`. notes, guessed: see `Source`.
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
        self.foreigner: str | None = None
        source = open_document(path, columns, folder, encoding, given)
        self.rows = read_document(source)
        texts = [row.text.strip() for row in self.rows if isinstance(row, Row)]
        if texts and not any(texts):
            raise UserError(f"{path}: nobody has written a caption there: all are empty")
        self.notes = source.notes
        self.guessed = source.guessed
        self._missing = {row.where: row for row in self.rows if isinstance(row, Row)}
        self._flawed = [row for row in self.rows if isinstance(row, Skipped)]

    def captions(self, folder: Folder, alone: bool = True) -> Iterator[Row | Skipped]:
        """The rows whose files are there; not `alone`: of those, the ones in `folder`.

        A file whose rows are all without text is skipped, as one that nobody has captioned.
        """
        found = self._found(folder, alone)
        here = [row for row in self.rows if isinstance(row, Row) and row.file in found]
        captioned = {found[row.file] for row in here if row.text.strip()}
        for row in here:
            self._missing.pop(row.where, None)
            path = found[row.file]
            if row.text.strip():
                yield row._replace(file=str(path))
            elif path not in captioned:
                captioned.add(path)
                yield Skipped(str(path), SkipReason.NO_CAPTION, f"no caption in {row.where}")

    def left(self) -> list[Skipped]:
        """The rows that were no captions of any folder so far."""
        return self._flawed + [
            Skipped(row.file, SkipReason.MISSING_FILE, f"no such file ({where})")
            if row.text.strip()
            else Skipped(
                row.file, SkipReason.NO_CAPTION, f"no caption in {where}, and no such file"
            )
            for where, row in self._missing.items()
        ]

    def share(self, folder: Folder) -> float:
        """Of the images that have a row; of the rows that have an image, if `folder` has none."""
        if not folder.images:
            return len(self._found(folder, alone=True)) / max(1, len(self._files()))
        named = {folder.image(file) for file in self._files()} - {None}
        if not named and self.foreign:
            here = {str(folder.path / name) for name in folder.images}
            named = here.intersection(map(str, self._found(folder, alone=True).values()))
        return len(named) / len(folder.images)

    def _files(self) -> list[str]:
        """The names that rows give, each once."""
        return [*dict.fromkeys(row.file for row in self.rows if isinstance(row, Row))]

    def _found(self, folder: Folder, alone: bool) -> dict[str, Path]:
        """Where the files are that rows name, by what they name them."""
        files = self._files()
        found = {file: path for file in files if (path := self._locate(file, folder, alone))}
        if not found and self.foreign and (found := self._by_last_part(files, folder)):
            self.foreigner = next(iter(found))
        return found

    def _by_last_part(self, files: Sequence[str], folder: Folder) -> dict[str, Path]:
        """None if two images, or two files, have one name."""
        own = {name.rpartition("/")[2]: name for name in folder.images}
        if len(own) < len(folder.images):
            return {}
        named = {}
        for file in files:
            images = (own.get(part) or folder.image(part) for part in base_names(file))
            if image := next(filter(None, images), None):
                named[file] = folder.path / image
        return named if len(set(named.values())) == len(named) else {}

    def _locate(self, file: str, folder: Folder, alone: bool) -> Path | None:
        names = name_variants(file)
        for name in names:
            if image := folder.image(name):
                return folder.path / image
        place = _plain(folder.path)
        for name in names:
            for base in (folder.path, self.path.parent):
                path = (base / name).absolute()
                if _plain(path).is_relative_to(place):
                    inside = folder.path / _plain(path).relative_to(place)
                    if is_file(inside):
                        return inside
                if alone and is_file(path):
                    return path
        return None


CaptionSource = FileNameCaptions | SidecarText | LabelsFile


def _plain(path: Path) -> Path:
    """Absolute and without `..`, which hides what lies in what."""
    return Path(os.path.normpath(path.absolute()))


def is_file(path: Path) -> bool:
    """Whether `path` is a file, be it an impossible one."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False
