"""Find captioned images: file names that are captions, or a labels file."""

import csv
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ocr.data.images import SUFFIXES, ImageSource
from ocr.errors import UserError


@dataclass(frozen=True, slots=True)
class Sample:
    """An image and its caption.

    digest: 64 bits of the content; equal images have equal digests. Splits follow from it.
    width: in pixels, as the network will see the image.
    group: images that share it stay on one side of a split; "" for none.
    group_digest: 64 bits of `group`. look: a perceptual hash, see `look_of`.
    """

    name: str
    text: str
    digest: int = 0
    width: int = 0
    group: str = ""
    group_digest: int = 0
    look: int = 0

    def source(self) -> ImageSource:
        """What `Normalizer.decode` takes: here the file's bytes."""
        return Path(self.name).read_bytes()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that is left out, and why."""

    name: str
    reason: str


def normalize_caption(text: str) -> str:
    """Unicode's composed form (NFC): file systems differ in which form they keep."""
    return unicodedata.normalize("NFC", text)


def image_files(folder: Path) -> list[Path]:
    """The images directly in `folder`, sorted by name. Raises UserError if there are none."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    with os.scandir(folder) as entries:
        # macOS leaves "._A12DF.png" beside "A12DF.png" on foreign disks; they are no images.
        names = sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith("._")
        )
    if not names:
        below = sorted(path.name for path in folder.iterdir() if path.is_dir())
        hint = f"; it has subfolders ({', '.join(below[:5])}): name one of them" if below else ""
        raise UserError(f"{folder}: no images here ({', '.join(SUFFIXES)}){hint}")
    return [folder / name for name in names]


def find_samples(folder: Path, labels: Path | None = None) -> list[Sample]:
    """The captioned images of `folder`: by their file names, or by the rows of `labels`."""
    if labels is None:
        # Not Path.stem, to which ".png" is a name and not a suffix.
        pairs = [(str(path), path.name.rpartition(".")[0]) for path in image_files(folder)]
    else:
        pairs = _read_labels(folder, labels)
    return [Sample(name, normalize_caption(text)) for name, text in pairs]


def _read_labels(folder: Path, labels: Path) -> list[tuple[str, str]]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    path = next((p for p in (folder / labels, labels) if p.is_file()), None)
    if path is None:
        raise UserError(f"data.labels={labels}: no such file, neither in {folder} nor from here")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"file", "label"} <= set(rows.fieldnames or ()):
                raise UserError(f"{path}: the first line must name the columns 'file' and 'label'")
            pairs = [(str(folder / row["file"]), row["label"] or "") for row in rows if row["file"]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    if not pairs:
        raise UserError(f"{path}: no rows below the header")
    return pairs
