"""What makes one doubt whether the images' own names are their captions."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from ocr.data.images.loading import SUFFIXES
from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.sidecar import find_sidecar_suffixes

ENOUGH = 0.9  # the share of the images that must have a caption there
SOME = 0.5  # the share from which on it is no chance

_SPLITS = re.compile(
    r"(?:training|train|validation|valid|val|dev|eval|test(?:ing)?|images?|imgs?|data|dataset|"
    r"pictures|photos|samples|crops?|new|old|raw|bin|all|other|tmp)[\W_]*\d*",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{2,4}[-_.]?\d\d[-_.]?\d{2,4}.*")
_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)")


class FileNameIssue(NamedTuple):
    """What is odd about the names.

    text: a sentence on that, and on what to do. harmless: they may well be right. kind: a word for
    machines.
    """

    text: str
    harmless: bool = True
    kind: str = "doubtful_names"


def check_file_names(folder: Folder) -> FileNameIssue | None:
    """What makes one doubt whether the file names are captions, if anything does."""
    names = [text for name in folder.images if (text := stem(name.rpartition("/")[2]))]
    if texts := _texts_beside(folder):
        return texts
    if hint := _of_folders(folder.images):
        return FileNameIssue(f"If {hint}", harmless=False)
    if len(names) >= 10 and _are_counted(names):
        return FileNameIssue(
            "That looks like counting: captions from elsewhere are data.labels=FILE"
        )
    for separator in "_-.":
        if names and all(separator in name for name in names):
            patterns = f"data.pattern=label{separator}id or id{separator}label"
            return FileNameIssue(f"If the caption is a part of the name, say so: {patterns}")
    return None


def are_numbered(folder: Folder) -> bool:
    """Whether the names are those of a counter, with or without the same word around them."""
    found = [_NUMBERED.fullmatch(stem(name.rpartition("/")[2])) for name in folder.images]
    if len(found) < 10 or not all(found):
        return False
    around = {(match[1], match[3]) for match in found}
    return len(around) == 1 and _are_counted([match[2] for match in found])


def folders_hint(folder: Folder, below: Sequence[str]) -> str:
    """On a folder that has only subfolders, if their names may be the captions; or nothing."""
    images = []
    for name in below:
        with suppress(OSError), os.scandir(folder.path / name) as entries:
            images += [f"{name}/{entry.name}" for entry in islice(entries, 200)]
    hint = _of_folders([name for name in images if name.lower().endswith(SUFFIXES)])
    return f"; if {hint}" if hint else ""


def _texts_beside(folder: Folder) -> FileNameIssue | None:
    """On texts that are called after the images, and that nobody reads unasked."""
    for suffix, share, content in find_sidecar_suffixes(folder) if folder.images else ():
        if share < SOME or content == "blank":
            continue
        have = "Each has" if share == 1 else f"{share:.0%} of the images have"
        mend = f"data.labels={suffix} takes the captions from there"
        if content == "markup":
            have, mend = (
                f"{have} a {suffix}",
                "which isn't read: write what it says to a labels.csv",
            )
            return FileNameIssue(f"{have} beside it, {mend} if captions are there")
        numbers = content == "numbers"  # boxes, say
        kind = "doubtful_names" if numbers else "unread_captions"
        return FileNameIssue(f"{have} a {suffix} beside it: {mend}", numbers, kind)
    return None


def _of_folders(images: Sequence[str]) -> str:
    """The pattern by which folders' names are captions, if they may be."""
    inner = _by_folder(images)
    depths = {name.count("/") for name in images}
    if len(depths) != 1 or not _are_captions(inner):
        return ""
    shown, pattern = ", ".join(sorted(inner)[:3]), "id/" * (depths.pop() - 1) + "label/id"
    return f"a folder's name ({shown}) is the caption of its images: data.pattern={pattern}"


def _by_folder(images: Sequence[str]) -> Mapping[str, list[str]]:
    """The images' own names, without suffix, by the name of the folder that they are in."""
    inner: Mapping[str, list[str]] = defaultdict(list)
    for name in images:
        place, _, own = name.rpartition("/")
        inner[place.rpartition("/")[2]].append(stem(own))
    return inner


def _are_captions(inner: Mapping[str, Sequence[str]]) -> bool:
    """Whether folders are called by what their images show, and the images by a counter.

    That is where images of several folders have the same names, or those of a counter, and the
    folders' names are no parts of a split, no dates, and no counter.
    """
    if len(inner) < 3 or "" in inner:
        return False
    if any(_DATE.fullmatch(name) for name in inner):
        return False
    if 2 * sum(bool(_SPLITS.fullmatch(name)) for name in inner) >= len(inner):
        return False
    own = [name for names in inner.values() for name in names]
    repeated = len(set(own)) <= 0.8 * len(own)
    after = [name.removeprefix(folder) for folder, names in inner.items() for name in names]
    around = {re.sub(r"\d+|[0-9a-f]{16,}", "", name) for name in after}
    return (repeated or len(around) == 1) and not _are_a_counter([*inner])


def _are_a_counter(names: Sequence[str]) -> bool:
    """session1, session2 or 01, 02; but not the digits 0 to 9, which images show."""
    found = [_NUMBERED.fullmatch(name) for name in names]
    if not all(found):
        return False
    if len({(match[1], match[3]) for match in found}) > 1:
        return False
    bare = all(name.isdigit() for name in names)
    if bare and all(len(name) == 1 for name in names):
        return len(names) < 5
    return not bare or _are_counted(names)


def _are_counted(names: Sequence[str]) -> bool:
    if not all(name.isascii() and name.isdigit() and len(name) < 10 for name in names):
        return False
    numbers = sorted(map(int, names))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
