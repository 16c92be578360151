"""Where captions are kept: in file names, in text files beside the images, or in a labels file."""

import os
from collections.abc import Iterator
from pathlib import Path

from ocr.data.labels import Columns, Row, read_labels
from ocr.data.patterns import NamePattern
from ocr.data.sources import Folder, Skipped, stem
from ocr.log import say


class FileNames:
    """The images' own names."""

    def __init__(self, pattern: NamePattern) -> None:
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
                yield Skipped(path, f"the name doesn't fit data.pattern={self.pattern.text}")

    def _seen(self, name: str) -> str:
        return stem(name if self.pattern.has_folders else name.rpartition("/")[2])


class Beside:
    """A text file for each image: line.png and line.gt.txt, or line.bin.png and line.gt.txt."""

    def __init__(self, suffix: str) -> None:
        self.name = suffix

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """In the order of those images that have one."""
        folder.require_images()
        for name, text in self.pairs(folder).items():
            path, place = str(folder.path / name), folder.path / text
            try:
                caption = place.read_bytes().decode("utf-8-sig")
            except OSError as error:
                yield Skipped(path, f"{text}: {error.strerror}")
            except UnicodeDecodeError:
                yield Skipped(path, f"{text} is not in UTF-8")
            else:
                yield Row(path, caption.removesuffix("\n").removesuffix("\r"), "", text)

    def pairs(self, folder: Folder) -> dict[str, str]:
        """The names of the images that have a text, and of their texts."""
        texts = {name for name in folder.files if name.endswith(self.name)}
        pairs = {}
        for name in folder.images if texts else ():
            place, slash, own = name.rpartition("/")
            for text in (stem(name), f"{place}{slash}{own.partition('.')[0]}"):
                if text + self.name in texts:
                    pairs[name] = text + self.name
                    break
        return pairs

    def share(self, folder: Folder) -> float:
        """Of the images."""
        return len(self.pairs(folder)) / max(1, len(folder.images))


class LabelsFile:
    """The rows of a table or a list.

    File names count from the images' folder, or from its own. If none is there, they are the paths
    of another place, such as another machine: then their last parts count, unless two share one.
    """

    def __init__(self, path: Path, columns: Columns) -> None:
        self.name = path.name
        self.path = path
        self.rows = read_labels(path, columns)
        self._missing = {row.where: row for row in self.rows if isinstance(row, Row)}
        self._flawed = [row for row in self.rows if isinstance(row, Skipped)]

    def captions(self, folder: Folder, alone: bool = True) -> Iterator[Row]:
        """The rows whose files are there; not `alone`: of those, the ones in `folder`."""
        found = {f: path for f in self._files() if (path := self._locate(f, folder, alone))}
        if not found and alone and (found := self._by_last_part(folder)):
            say(
                f"{self.name} has paths of another place, such as {next(iter(found))}: the images "
                f"in {folder.path} are told by the last part of each"
            )
        for row in self.rows:
            if isinstance(row, Row) and row.file in found:
                self._missing.pop(row.where, None)
                yield row._replace(file=str(found[row.file]))

    def left(self) -> list[Skipped]:
        """The rows that were no captions of any folder so far."""
        return self._flawed + [
            Skipped(row.file, f"no such file ({where})") for where, row in self._missing.items()
        ]

    def share(self, folder: Folder) -> float:
        """Of the images that have a row; of the rows that have an image, if `folder` has none."""
        files = self._files()
        if folder.images:
            named = {folder.image(file) for file in files} - {None}
            named = named or set(self._by_last_part(folder).values())
            return len(named) / len(folder.images)
        there = [file for file in files if self._locate(file, folder, alone=True)]
        return len(there) / max(1, len(files))

    def _files(self) -> list[str]:
        """The names that rows give, each once."""
        return [*dict.fromkeys(row.file for row in self.rows if isinstance(row, Row))]

    def _by_last_part(self, folder: Folder) -> dict[str, Path]:
        """Where the images of rows are, if not even their folders are; none if that isn't clear."""
        files = self._files()
        parts = [file.strip().replace("\\", "/").rpartition("/")[2] for file in files]
        if len(set(parts)) < len(parts):
            return {}
        return {
            file: folder.path / image
            for file, part in zip(files, parts, strict=True)
            if (image := folder.image(part))
        }

    def _locate(self, file: str, folder: Folder, alone: bool) -> Path | None:
        spellings = dict.fromkeys((file, file.strip(), file.strip().replace("\\", "/")))
        for name in spellings:
            if image := folder.image(name):
                return folder.path / image
        place = _plain(folder.path)
        for name in spellings:
            for base in (folder.path, self.path.parent):
                path = _plain(base / name)
                if path.is_relative_to(place):
                    path = folder.path / path.relative_to(place)
                elif not alone:
                    continue
                if is_file(path):
                    return path
        return None


Origin = FileNames | Beside | LabelsFile


def _plain(path: Path) -> Path:
    """Absolute and without `..`, which hides what lies in what; links stay links."""
    return Path(os.path.normpath(path.absolute()))


def is_file(path: Path) -> bool:
    """Whether `path` is a file, be it an impossible one."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False
