"""Where captions are kept: in file names, in text files beside the images, or in a labels file."""

from collections.abc import Iterator
from pathlib import Path

from ocr.data.labels import Columns, Row, read_labels
from ocr.data.patterns import NamePattern
from ocr.data.sources import Folder, Skipped, stem


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
    """The rows of a table or a list; file names count from the images' folder, or from its own."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self.name = path.name
        self.path = path
        self.rows = read_labels(path, columns)
        self._missing = {row.where: row for row in self.rows if isinstance(row, Row)}
        self._flawed = [row for row in self.rows if isinstance(row, Skipped)]

    def captions(self, folder: Folder, alone: bool = True) -> Iterator[Row]:
        """The rows whose files are there; not `alone`: of those, the ones in `folder`."""
        for row in self.rows:
            if isinstance(row, Row) and (path := self._locate(row.file, folder, alone)):
                self._missing.pop(row.where, None)
                yield row._replace(file=str(path))

    def left(self) -> list[Skipped]:
        """The rows that were no captions of any folder so far."""
        return self._flawed + [
            Skipped(row.file, f"no such file ({where})") for where, row in self._missing.items()
        ]

    def share(self, folder: Folder) -> float:
        """Of the images that have a row; of the rows that have an image, if `folder` has none."""
        files = {row.file for row in self.rows if isinstance(row, Row)}
        if folder.images:
            return len({folder.image(file) for file in files} - {None}) / len(folder.images)
        there = [file for file in files if self._locate(file, folder, alone=True)]
        return len(there) / max(1, len(files))

    def _locate(self, file: str, folder: Folder, alone: bool) -> Path | None:
        spellings = dict.fromkeys((file, file.strip(), file.strip().replace("\\", "/")))
        for name in spellings:
            if image := folder.image(name):
                return folder.path / image
        for name in spellings:
            for base in (folder.path, self.path.parent):
                path, place = (base / name).absolute(), folder.path.absolute()
                if path.is_relative_to(place):
                    path = folder.path / path.relative_to(place)
                elif not alone:
                    continue
                if is_file(path):
                    return path
        return None


Origin = FileNames | Beside | LabelsFile


def is_file(path: Path) -> bool:
    """Whether `path` is a file, be it an impossible one."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False
