"""Text files beside the images: which file is of which image, and what such files are called."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ocr.data.images.loading import SUFFIXES
from ocr.data.sources.folder import Folder, stem

# How pre-processing names what it makes of an image: line.bin.png, line.nrm.png (Ocropus, Kraken).
_MADE = (
    "bin|binary|binarized|binarised|nrm|norm|normalized|normalised|bw|raw|dew|dewarped|gr[ae]y|"
    "gr[ae]yscale|inv|inverted|deskew|deskewed|desp|despeckled|denoised|otsu|sauvola|thresh"
)
_MADE_LAST = re.compile(rf"(?<=[^/._ -])[._-](?:{_MADE})$", re.IGNORECASE)
_MADE_ALL = re.compile(rf"(?:\.(?:{_MADE}))+", re.IGNORECASE)
_NUMBERS = re.compile(r"[\s\d.,;:+-]+(?:e-?\d+)?")

LOOKED_AT = 8  # texts, to see what they are
LONGEST = 2000  # bytes of a caption
FEWEST, ENOUGH = 5, 0.9  # texts elsewhere that are called after images, and their share of all
FOLDERS, LISTED = 20, 2000  # folders that texts may be in, and files in each, to look at


def strip_processing_suffixes(base: str) -> str:
    """`base` without what pre-processing has added to it."""
    while (shorter := _MADE_LAST.sub("", base)) != base:
        base = shorter
    return base


def possible_stems(name: str) -> list[str]:
    """What a text of the image may be called before its suffix, the most of the name first.

    Args:
        name: The image's, such as p.0.l0.bin.png.

    Returns:
        Here p.0.l0.bin.png, p.0.l0.bin, p.0.l0, p.0 and p.
    """
    place, slash, own = name.rpartition("/")
    found = [name]
    while own := stem(own):
        found.append(f"{place}{slash}{own}")
    return found


def find_sidecars(folder: Folder, suffix: str) -> dict[str, str]:
    """The images that have a text whose name ends in `suffix`, and their texts.

    The text whose name has most of the image's is its own. v1.gt.txt is of v1.png and not of
    v1.5.png if both are there, but of v1.bin.png as well, which is made of the same image.
    """
    texts = {name for name in folder.files if name.endswith(suffix)}
    stems = {stem(name) for name in folder.images} if texts else set()
    found = {}
    for name in folder.images if texts else ():
        own = stem(name)
        base = next((base for base in possible_stems(name) if base + suffix in texts), None)
        if base is None:
            continue
        others = len(base) < len(own) and base in stems
        if not others or _MADE_ALL.fullmatch(own[len(base) :]):
            found[name] = base + suffix
    return found


class SidecarSuffix(NamedTuple):
    """How texts beside the images are called.

    suffix: what their names end in. share: of the images that have one.
    content: "captions", "numbers" such as boxes, "markup" such as JSON and XML, or "blank".
    """

    suffix: str
    share: float
    content: str


def find_sidecar_suffixes(folder: Folder) -> list[SidecarSuffix]:
    """The ways in which files that hold text are called after the images, the commonest first."""
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
        texts = list(dict.fromkeys(paired.values()))
        content = _content(folder.path, texts[:: 1 + len(texts) // LOOKED_AT])
        if content:
            found.append(SidecarSuffix(suffix, len(paired) / len(folder.images), content))
    return sorted(found, key=lambda scheme: -scheme.share)


def find_sidecar_folder(folder: Folder) -> tuple[Path, str] | None:
    """A folder beside or below that of the images with a text for each, and what they end in."""
    owners = {base.rpartition("/")[2] for name in folder.images for base in possible_stems(name)}
    here = folder.path.absolute()
    for above in (here, here.parent) if len(folder.images) >= FEWEST else ():
        with suppress(OSError), os.scandir(above) as entries:
            below = sorted(e.path for e in islice(entries, LISTED) if e.is_dir())
        for place in below[:FOLDERS]:
            if place != str(here) and (found := _common_suffix(Path(place), owners)):
                return Path(place), found
    return None


def _common_suffix(place: Path, owners: set[str]) -> str | None:
    """What the texts in `place` end in, if nearly all files are called after images."""
    try:
        with os.scandir(place) as entries:
            files = [entry.name for entry in islice(entries, LISTED)]
    except OSError:
        return None
    if any(name.lower().endswith(SUFFIXES) for name in files):  # its texts are of its own images
        return None
    found = Counter(_suffix(name, owners) for name in files)
    end, count = found.most_common(1)[0] if found else (None, 0)
    if end is None or count < FEWEST or count < ENOUGH * len(files):
        return None
    texts = [name for name in sorted(files) if name.endswith(end)]
    return end if _content(place, texts[:: 1 + len(texts) // LOOKED_AT]) == "captions" else None


def _suffix(file: str, owners: set[str]) -> str | None:
    """What follows an image's name in `file`, and begins with no letter."""
    for place in range(len(file) - 1, 0, -1):
        if not file[place].isalnum() and file[:place] in owners:
            return file[place:] if "/" not in file[place:] else None
    return None


def _content(place: Path, files: Sequence[str]) -> str | None:
    """What most of these hold; None if they are no short texts."""
    kinds = Counter(islice(_kinds(place, files), LOOKED_AT))
    kinds.pop("blank", None) if len(kinds) > 1 else None
    return kinds.most_common(1)[0][0] if kinds and None not in kinds else None


def _kinds(place: Path, files: Sequence[str]) -> Iterator[str | None]:
    for file in files:
        try:
            with (place / file).open("rb") as opened:
                content = opened.read(4 * LONGEST)
        except OSError:
            continue
        text = content.decode("utf-8-sig", "replace").strip()
        if text[:1] in ("{", "[", "<") and text[-1:] in ("}", "]", ">", ""):
            yield "markup" if len(text) > 40 else "captions"
        elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
            yield "captions"
        elif "\0" in text or len(content) > LONGEST:
            yield None
        elif not text:
            yield "blank"
        else:
            boxes = _NUMBERS.fullmatch(text) and len(text.split()) >= 4
            yield "numbers" if boxes else "captions"
