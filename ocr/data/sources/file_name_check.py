"""Detect signs that the file names of images are not their captions."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from ocr.data.images.formats import SUFFIXES
from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.numbering import are_consecutive, common_numbering
from ocr.data.sources.sidecar import SidecarContent, SidecarSuffix, find_sidecar_suffixes

MOST = 0.9  # share of images that a source must have captions for
SOME = 0.5  # share of images that is not a coincidence
_MIN_NUMBERED = 10  # fewer numbered names may be a coincidence

# Names of folders that are not captions.
_SPLITS = re.compile(
    r"(?:training|train|validation|valid|val|dev|eval|test(?:ing)?|images?|imgs?|data|dataset|"
    r"pictures|photos|samples|crops?|new|old|raw|bin|all|other|tmp)[\W_]*\d*",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{2,4}[-_.]?\d\d[-_.]?\d{2,4}.*")


class FileNameIssue(NamedTuple):
    """A sign that file names are not captions.

    Attributes:
        text: What it is and what to do, in a sentence.
        harmless: Whether the names are probably captions nevertheless.
        has_captions_beside: Whether files beside the images hold captions.
    """

    text: str
    harmless: bool = True
    has_captions_beside: bool = False


def check_file_names(
    folder: Folder, sidecars: Sequence[SidecarSuffix] | None = None
) -> FileNameIssue | None:
    """Return a sign that the file names of images are not their captions, or None.

    Args:
        folder: The images.
        sidecars: The result of `find_sidecar_suffixes`; None: find it.
    """
    if not folder.images:
        return None
    sidecars = find_sidecar_suffixes(folder) if sidecars is None else sidecars
    if issue := _check_sidecars(sidecars):
        return issue
    if hint := _folder_pattern(folder.images):
        return FileNameIssue(f"If {hint}", harmless=False)
    names = _base_stems(folder)
    if len(names) >= _MIN_NUMBERED and are_consecutive(names):
        return FileNameIssue(
            "They are consecutive numbers: if the captions are in a file, give data.labels=FILE"
        )
    for separator in "_-.":
        if names and all(separator in name for name in names):
            patterns = f"data.pattern=label{separator}id or id{separator}label"
            return FileNameIssue(f"If the caption is only a part of the name, give {patterns}")
    return None


def are_numbered(folder: Folder) -> bool:
    """Return whether the names are consecutive numbers, perhaps with the same text around them."""
    names = [stem(name.rpartition("/")[2]) for name in folder.images]
    numbers = common_numbering(names) if len(names) >= _MIN_NUMBERED else None
    return numbers is not None and are_consecutive(numbers)


def subfolder_hint(folder: Folder, subfolders: Sequence[str]) -> str:
    """Return a hint if the names of a folder's subfolders may be captions, or ""."""
    images: list[str] = []
    for name in subfolders:
        with suppress(OSError), os.scandir(folder.path / name) as entries:
            images += [f"{name}/{entry.name}" for entry in islice(entries, 200)]
    hint = _folder_pattern([name for name in images if name.lower().endswith(SUFFIXES)])
    return f"; if {hint}" if hint else ""


def _base_stems(folder: Folder) -> list[str]:
    return [base for name in folder.images if (base := stem(name.rpartition("/")[2]))]


def _check_sidecars(sidecars: Sequence[SidecarSuffix]) -> FileNameIssue | None:
    """Return an issue if most images have a file beside them, or None."""
    for suffix, share, content in sidecars:
        if share < SOME or content is SidecarContent.BLANK:
            continue
        images = "Each image has" if share == 1 else f"{share:.0%} of the images have"
        beside = f"{images} a {suffix} beside it"
        if content is SidecarContent.MARKUP:
            return FileNameIssue(
                f"{beside}, which isn't read: if it holds captions, write them to a labels.csv"
            )
        has_captions = content is SidecarContent.CAPTIONS
        return FileNameIssue(
            f"{beside}: data.labels={suffix} takes the captions from there",
            harmless=not has_captions,
            has_captions_beside=has_captions,
        )
    return None


def _folder_pattern(images: Sequence[str]) -> str:
    """Return a hint with a pattern if the names of folders may be captions, or ""."""
    by_folder = _stems_by_folder(images)
    depths = {name.count("/") for name in images}
    if len(depths) != 1 or not _are_captions(by_folder):
        return ""
    shown, pattern = ", ".join(sorted(by_folder)[:3]), "id/" * (depths.pop() - 1) + "label/id"
    return f"a folder's name ({shown}) is the caption of its images: data.pattern={pattern}"


def _stems_by_folder(images: Sequence[str]) -> Mapping[str, list[str]]:
    by_folder: Mapping[str, list[str]] = defaultdict(list)
    for name in images:
        place, _, own = name.rpartition("/")
        by_folder[place.rpartition("/")[2]].append(stem(own))
    return by_folder


def _are_captions(by_folder: Mapping[str, Sequence[str]]) -> bool:
    """Return whether the names of folders may be the captions of their images.

    They may if images in several folders have the same names, or names that differ in numbers
    only, and the folders are not named after parts of a split, dates or numbers.
    """
    if len(by_folder) < 3 or "" in by_folder:
        return False
    if any(_DATE.fullmatch(name) for name in by_folder):
        return False
    if 2 * sum(bool(_SPLITS.fullmatch(name)) for name in by_folder) >= len(by_folder):
        return False
    own = [name for names in by_folder.values() for name in names]
    repeated = len(set(own)) <= 0.8 * len(own)
    after = [name.removeprefix(folder) for folder, names in by_folder.items() for name in names]
    around = {re.sub(r"\d+|[0-9a-f]{16,}", "", name) for name in after}
    return (repeated or len(around) == 1) and not _are_folder_numbers([*by_folder])


def _are_folder_numbers(names: Sequence[str]) -> bool:
    """Return whether folders are numbered, such as session1, session2 or 01, 02, but not 0 to 9."""
    if common_numbering(names) is None:
        return False
    if not all(name.isdigit() for name in names):
        return True
    if all(len(name) == 1 for name in names):  # images of digits
        return len(names) < 5
    return are_consecutive(names)
