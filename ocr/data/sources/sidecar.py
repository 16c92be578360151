"""Captions in text files beside the images, one per image."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ocr.data.images.formats import SUFFIXES
from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder, stem
from ocr.data.text.encoding import read_text
from ocr.errors import UserError

# Suffixes that preprocessing adds to an image's name, as in line.bin.png (OCRopus, Kraken).
_PROCESSED = (
    "bin|binary|binarized|binarised|nrm|norm|normalized|normalised|bw|raw|dew|dewarped|gr[ae]y|"
    "gr[ae]yscale|inv|inverted|deskew|deskewed|desp|despeckled|denoised|otsu|sauvola|thresh"
)
_PROCESSED_END = re.compile(rf"(?<=[^/._ -])[._-](?:{_PROCESSED})$", re.IGNORECASE)
_PROCESSED_ONLY = re.compile(rf"(?:\.(?:{_PROCESSED}))+", re.IGNORECASE)
_NUMBERS = re.compile(r"[\s\d.,;:+-]+(?:e-?\d+)?")

SAMPLED_FILES = 8  # text files that are read to find out what they hold
MAX_CAPTION_BYTES = 2000
MIN_FILES, MIN_SHARE = 5, 0.9  # number and share of files that must be named after images
MAX_FOLDERS, MAX_LISTED = 20, 2000  # other folders that are searched, and files in each


class SidecarText:
    """A `CaptionSource`: a text file for each image, such as line.gt.txt for line.png.

    Args:
        suffix: The suffix of the text files, such as .gt.txt.
        encoding: See `read_text`.
    """

    def __init__(self, suffix: str, encoding: str | None = None) -> None:
        self.name = suffix
        self.encoding = encoding

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """Yield the captions in the order of the images; an image with an empty file has none."""
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
        """Return the text files by image; see `find_sidecars`."""
        return find_sidecars(folder, self.name)

    def coverage(self, folder: Folder) -> float:
        """Return the share of the images that have a text file."""
        return len(self.find(folder)) / max(1, len(folder.images))


def strip_processing_suffixes(base: str) -> str:
    """Return a name without suffixes of preprocessing: line for line.bin."""
    while (shorter := _PROCESSED_END.sub("", base)) != base:
        base = shorter
    return base


def possible_stems(name: str) -> list[str]:
    """Return the possible names of an image's text file without its suffix, the longest first.

    Args:
        name: The name of the image. For p.0.bin.png they are p.0.bin.png, p.0.bin, p.0 and p.
    """
    place, slash, own = name.rpartition("/")
    found = [name]
    while own := stem(own):
        found.append(f"{place}{slash}{own}")
    return found


def find_sidecars(folder: Folder, suffix: str) -> dict[str, str]:
    """Find the text file of each image.

    It is the one with the longest common name. If v1.png and v1.5.png exist, v1.gt.txt belongs to
    v1.png only; but it also belongs to v1.bin.png, which is made from the same image.

    Args:
        folder: The images and the files beside them.
        suffix: The suffix of the text files.

    Returns:
        The text files by the name of the image, for images that have one.
    """
    texts = {name for name in folder.files if name.endswith(suffix)}
    stems = {stem(name) for name in folder.images} if texts else set()
    found = {}
    for name in folder.images if texts else ():
        own = stem(name)
        base = next((base for base in possible_stems(name) if base + suffix in texts), None)
        if base is None:
            continue
        is_others = len(base) < len(own) and base in stems
        if not is_others or _PROCESSED_ONLY.fullmatch(own[len(base) :]):
            found[name] = base + suffix
    return found


class SidecarContent(Enum):
    """The content of files beside the images."""

    CAPTIONS = "captions"
    NUMBERS = "numbers"  # such as boxes
    MARKUP = "markup"  # JSON, XML
    BLANK = "blank"


class SidecarSuffix(NamedTuple):
    """A suffix of files that are named after the images.

    Attributes:
        suffix: The suffix, such as .gt.txt.
        share: The share of images that have such a file.
        content: The content of most of the files.
    """

    suffix: str
    share: float
    content: SidecarContent


def find_sidecar_suffixes(folder: Folder) -> list[SidecarSuffix]:
    """Return the suffixes of text files that are named after images, the most frequent first."""
    owners = {base for name in folder.images for base in possible_stems(name)}
    images = set(folder.images)
    named: Mapping[str, list[str]] = defaultdict(list)
    for file in folder.files:
        if file not in images and (suffix := _suffix(file, owners)):
            named[suffix].append(file)
    counts = Counter({suffix: len(files) for suffix, files in named.items()})
    found = []
    for suffix, _ in counts.most_common(5):
        paired = find_sidecars(folder, suffix)
        content = _content(folder.path, list(dict.fromkeys(paired.values())))
        if content:
            found.append(SidecarSuffix(suffix, len(paired) / len(folder.images), content))
    return sorted(found, key=lambda one: -one.share)


def find_sidecar_folder(folder: Folder) -> tuple[Path, str] | None:
    """Find another folder with a text file for each image.

    Args:
        folder: The images. Folders in it and beside it are searched.

    Returns:
        The other folder and the suffix of the text files, or None.
    """
    if len(folder.images) < MIN_FILES:
        return None
    owners = {base.rpartition("/")[2] for name in folder.images for base in possible_stems(name)}
    here = folder.path.absolute()
    for above in (here, here.parent):
        below: list[str] = []
        with suppress(OSError), os.scandir(above) as entries:
            below = sorted(e.path for e in islice(entries, MAX_LISTED) if e.is_dir())
        for place in below[:MAX_FOLDERS]:
            if place != str(here) and (found := _common_suffix(Path(place), owners)):
                return Path(place), found
    return None


def _common_suffix(place: Path, owners: set[str]) -> str | None:
    """Return the suffix of captions in a folder if nearly all files are named after images."""
    try:
        with os.scandir(place) as entries:
            files = [entry.name for entry in islice(entries, MAX_LISTED)]
    except OSError:
        return None
    if any(name.lower().endswith(SUFFIXES) for name in files):  # it has images of its own
        return None
    found = Counter(_suffix(name, owners) for name in files)
    end, count = found.most_common(1)[0] if found else (None, 0)
    if end is None or count < MIN_FILES or count < MIN_SHARE * len(files):
        return None
    texts = [name for name in sorted(files) if name.endswith(end)]
    return end if _content(place, texts) is SidecarContent.CAPTIONS else None


def _suffix(file: str, owners: set[str]) -> str | None:
    """Return what follows an image's name in a file name, if it begins with a sign such as "."."""
    for place in range(len(file) - 1, 0, -1):
        if not file[place].isalnum() and file[:place] in owners:
            return file[place:] if "/" not in file[place:] else None
    return None


def _content(place: Path, files: Sequence[str]) -> SidecarContent | None:
    """Return the content of most files, from a sample; None if one is not a short text."""
    sample = files[:: 1 + len(files) // SAMPLED_FILES]
    kinds = Counter(islice(_kinds(place, sample), SAMPLED_FILES))
    if len(kinds) > 1:
        kinds.pop(SidecarContent.BLANK, None)
    return kinds.most_common(1)[0][0] if kinds and None not in kinds else None


def _kinds(place: Path, files: Sequence[str]) -> Iterator[SidecarContent | None]:
    for file in files:
        try:
            with (place / file).open("rb") as opened:
                content = opened.read(4 * MAX_CAPTION_BYTES)
        except OSError:
            continue
        text = content.decode("utf-8-sig", "replace").strip()
        if text[:1] in ("{", "[", "<") and text[-1:] in ("}", "]", ">", ""):
            yield SidecarContent.MARKUP if len(text) > 40 else SidecarContent.CAPTIONS
        elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
            yield SidecarContent.CAPTIONS
        elif "\0" in text or len(content) > MAX_CAPTION_BYTES:
            yield None
        elif not text:
            yield SidecarContent.BLANK
        else:
            is_box = _NUMBERS.fullmatch(text) and len(text.split()) >= 4
            yield SidecarContent.NUMBERS if is_box else SidecarContent.CAPTIONS
