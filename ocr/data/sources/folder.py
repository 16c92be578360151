"""List the files and images of a folder."""

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

# Usual names of the folders of a split.
_SPLIT_NAMES = {
    "train_dir": ("train", "training"),
    "val_dir": ("val", "valid", "validation", "dev"),
    "test_dir": ("test", "testing"),
}


class Folder:
    """The files and images of a folder.

    Args:
        path: The folder.
        recursive: Whether to include subfolders, except hidden ones and links.

    Attributes:
        files: The sorted names of all entries, relative to the folder.
        images: The names of the images among them.

    Raises:
        UserError: The folder doesn't exist or cannot be read.
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
            # On other file systems, macOS adds a file "._A12DF.png" that is not an image.
            name
            for name in self.files
            if name.lower().endswith(SUFFIXES) and not name.rpartition("/")[2].startswith("._")
        ]
        self._by_name: dict[str, str | None] = {}  # None: ambiguous
        for name in self.images:
            key = normalize("NFC", stem(name))
            self._by_name[key] = None if key in self._by_name else name
        self._by_name.update((normalize("NFC", name), name) for name in self.images)
        self._by_name.update((name, name) for name in self.images)

    def require_images(self, recursive_hint: str = ", or give data.recursive=true for all") -> None:
        """Raise UserError if there are no images.

        Args:
            recursive_hint: What to add to the message if there are subfolders.
        """
        if self.images:
            return
        if "images.arrow" in self.files:
            raise UserError(
                f"{self.path}: a packed folder, which only training reads (data=packed data.dir="
                f"{self.path}); give the folder that was packed"
            )
        if forms := find_unsupported(self.path, self.files):
            raise UserError(f"{_unread_images(self.path, forms)}, and no others: save them as PNG")
        below = sorted(path.name for path in self.path.iterdir() if path.is_dir())
        hint = f"; it has subfolders ({', '.join(below[:5])}): name one of them" if below else ""
        hint += recursive_hint if below and not self.recursive else ""
        raise UserError(f"{self.path}: no images here ({', '.join(SUFFIXES)}){hint}")

    def image(self, name: str) -> str | None:
        """Return the image with a name; None if there is none or the name is ambiguous.

        The name may be in another Unicode normal form, without suffix, or with a suffix in another
        case, such as 1.PNG.
        """
        plain = normalize("NFC", str(PurePosixPath(name)))
        exact = self._by_name.get(name) or self._by_name.get(plain)
        return exact or self._by_lower_suffix.get(_lower_suffix(plain))

    @cached_property
    def _by_lower_suffix(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for name in self.images:
            key = _lower_suffix(normalize("NFC", name))
            found[key] = None if key in found else name
        return found


def log_unread(folder: Folder) -> None:
    """Log how many images of a folder have a format that isn't read, if any."""
    forms = find_unsupported(folder.path, folder.files)
    if forms and folder.images:  # a folder without readable images is an error, raised later
        first = next(iter(forms))
        images = _unread_images(folder.path, forms)
        info(f"{images}: left out (the first: {first}); save them as PNG")


def _unread_images(path: Path, forms: Mapping[str, str]) -> str:
    kinds = ", ".join(f"{form} {count:,}" for form, count in Counter(forms.values()).most_common())
    return f"{path}: {pluralize(len(forms), 'image')} of a format that isn't read ({kinds})"


def split_hint(path: Path, below: Sequence[str]) -> str:
    """Return the overrides for subfolders that are named like parts of a split, or "".

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
    """Raise UserError if `path` is not a folder."""
    try:
        exists = path.is_dir()
    except (OSError, ValueError):  # the name is too long, or has a NUL
        exists = False
    if not exists:
        raise UserError(f"{path}: {_not_a_folder(path)}")


def _not_a_folder(path: Path) -> str:
    with suppress(OSError, ValueError):
        if path.exists():
            return "a file, not a folder of images"
        others = [other.name for other in islice(path.parent.iterdir(), 1000) if other.is_dir()]
        return f"no such folder.{did_you_mean(path.name, others)}".removesuffix(".")
    return "no such folder"


def image_files(folder: Path, recursive: bool = False) -> list[Path]:
    """Return the images in a folder, sorted by name.

    Args:
        folder: The folder.
        recursive: Whether to include subfolders, except hidden ones and links.

    Raises:
        UserError: There are none.
    """
    found = Folder(folder, recursive)
    found.require_images(", or give --recursive for all")
    return [folder / name for name in found.images]


def is_file(path: Path) -> bool:
    """Return whether a path is a file; False for a path that cannot exist."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # the name is too long, or has a NUL
        return False


def stem(name: str) -> str:
    """Return a name without its suffix; unlike `Path.stem`, "" for ".png"."""
    return name.rpartition(".")[0]


def _lower_suffix(name: str) -> str:
    before, dot, suffix = name.rpartition(".")
    return before + dot + suffix.lower()


def _names(folder: str, recursive: bool) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if recursive and entry.is_dir():
                # Links could form a circle.
                if not (entry.is_symlink() or entry.name.startswith(".")):
                    yield from (f"{entry.name}/{name}" for name in _names(entry.path, True))
            else:
                yield entry.name
