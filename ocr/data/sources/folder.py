"""What a folder holds: its files, and which of them are images."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from ocr.data.images.formats import SUFFIXES, find_unsupported
from ocr.errors import UserError, did_you_mean
from ocr.formatting import pluralize
from ocr.log import info

# What people call the folders of a split's parts.
_SPLIT_NAMES = {
    "train_dir": ("train", "training"),
    "val_dir": ("val", "valid", "validation", "dev"),
    "test_dir": ("test", "testing"),
}


class Folder:
    """The names of what is in a folder, relative to it and sorted: all `files`, and the `images`.

    recursive: what is in its subfolders, too, but for hidden ones.
    """

    def __init__(self, path: Path, recursive: bool = False) -> None:
        require_folder(path)
        self.path = path
        self.recursive = recursive
        try:
            self.files = sorted(_names(str(path), recursive))
        except OSError as error:
            raise UserError(f"{error.filename}: {error.strerror}") from error
        self.images = [
            # macOS leaves "._A12DF.png" beside "A12DF.png" on foreign disks; they are no images.
            name
            for name in self.files
            if name.lower().endswith(SUFFIXES) and not name.rpartition("/")[2].startswith("._")
        ]
        self._meant: dict[str, str | None] = {}
        for name in self.images:  # without suffix, where that is clear
            key = normalize("NFC", stem(name))
            self._meant[key] = None if key in self._meant else name
        self._meant.update((normalize("NFC", name), name) for name in self.images)
        self._meant.update((name, name) for name in self.images)

    def require_images(self, or_all: str = ", or give data.recursive=true for all") -> None:
        """Raise UserError if there are none. or_all: how to have those of all subfolders."""
        if self.images:
            return
        if "images.arrow" in self.files:
            raise UserError(
                f"{self.path}: a pack of images, which only training reads, as data=packed; "
                "give the folder that it was made of"
            )
        if forms := find_unsupported(self.path, self.files):
            raise UserError(f"{_unread_images(self.path, forms)}, and no others: save them as PNG")
        below = sorted(path.name for path in self.path.iterdir() if path.is_dir())
        hint = f"; it has subfolders ({', '.join(below[:5])}): name one of them" if below else ""
        hint += or_all if below and not self.recursive else ""
        raise UserError(f"{self.path}: no images here ({', '.join(SUFFIXES)}){hint}")

    def image(self, name: str) -> str | None:
        """The image that somebody calls `name`.

        Be it in another normal form, without suffix, or with the suffix in other letters: 1.PNG.
        """
        plain = normalize("NFC", str(PurePosixPath(name)))
        return (
            self._meant.get(name) or self._meant.get(plain) or self._alike.get(_small_suffix(plain))
        )

    @cached_property
    def _alike(self) -> dict[str, str | None]:
        alike: dict[str, str | None] = {}
        for name in self.images:
            key = _small_suffix(normalize("NFC", name))
            alike[key] = None if key in alike else name
        return alike


def log_unread(folder: Folder) -> None:
    """Say how many images of `folder` are of a format that isn't read, if any."""
    forms = find_unsupported(folder.path, folder.files)
    if forms and folder.images:  # without any there will be an error that says so
        first = next(iter(forms))
        images = _unread_images(folder.path, forms)
        info(f"{images}: they stay out (the first: {first}); save them as PNG")


def _unread_images(path: Path, forms: Mapping[str, str]) -> str:
    kinds = ", ".join(f"{form} {count:,}" for form, count in Counter(forms.values()).most_common())
    return f"{path}: {pluralize(len(forms), 'image')} of a format that isn't read ({kinds})"


def split_hint(path: Path, below: Sequence[str]) -> str:
    """The overrides that train on subfolders which are parts of a split by their names, or "".

    Args:
        path: The folder.
        below: The names of its subfolders.
    """
    parts = {
        key: next((name for name in below if name.lower() in names), None)
        for key, names in _SPLIT_NAMES.items()
    }
    if not parts["train_dir"] or not (parts["val_dir"] or parts["test_dir"]):
        return ""
    words = [f"data.{key}={path / name}" for key, name in parts.items() if name]
    return f"; if they are the parts of a split: {' '.join(words)}"


def require_folder(path: Path) -> None:
    """Raise UserError if `path` is no folder."""
    try:
        there = path.is_dir()
    except (OSError, ValueError):  # a name too long, or with a NUL
        there = False
    if not there:
        raise UserError(f"{path}: {_not_a_folder(path)}")


def _not_a_folder(path: Path) -> str:
    with suppress(OSError, ValueError):
        if path.exists():
            return "a file, and no folder of images"
        beside = [other.name for other in islice(path.parent.iterdir(), 1000) if other.is_dir()]
        return f"no such folder.{did_you_mean(path.name, beside)}".removesuffix(".")
    return "no such folder"


def image_files(folder: Path, recursive: bool = False) -> list[Path]:
    """The images in `folder`, sorted by name. Raises UserError if there are none.

    recursive: those of its subfolders, too, but for hidden ones.
    """
    found = Folder(folder, recursive)
    found.require_images(", or give --recursive for all")
    return [folder / name for name in found.images]


def is_file(path: Path) -> bool:
    """Return whether a path is a file; False for one that cannot exist."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False


def stem(name: str) -> str:
    """`name` without its suffix. Not Path.stem, to which ".png" is a name and not a suffix."""
    return name.rpartition(".")[0]


def _small_suffix(name: str) -> str:
    before, dot, suffix = name.rpartition(".")
    return before + dot + suffix.lower()


def _names(folder: str, recursive: bool) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if recursive and entry.is_dir():
                # A link could lead round in a circle.
                if not (entry.is_symlink() or entry.name.startswith(".")):
                    yield from (f"{entry.name}/{name}" for name in _names(entry.path, True))
            else:
                yield entry.name
