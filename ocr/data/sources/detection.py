"""Find out where the captions of a folder are kept, if nobody says so."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ocr.data.sources.file_name_check import ENOUGH, SOME, check_file_names, folders_hint
from ocr.data.sources.folder import Folder, split_hint, stem
from ocr.data.sources.image_mentions import SAMPLE, ImageMentions, ImageNameIndex, find_mentions
from ocr.data.sources.labels_file import READERS, Columns, Row
from ocr.data.sources.origins import CaptionSource, FileNameCaptions, LabelsFile, SidecarText
from ocr.data.sources.sidecar import find_sidecar_suffixes
from ocr.data.sources.unused_caption_files import (
    UnusedCaptionFile,
    above,
    in_parts,
    is_output,
    judge,
    may_be_read,
    neighbours,
    text_folder,
)
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.errors import UserError
from ocr.log import info

# Files of such names are meant to be read, even if they can't be.
PLAIN = ("labels", "metadata", "captions")
PARTS = ("train", "val", "valid", "validation", "test")


class Detected(NamedTuple):
    """Where captions are, and which files may hold some, too, but aren't read."""

    origin: CaptionSource
    unread: Sequence[UnusedCaptionFile] = ()


def detect(folder: Folder, columns: Columns, encoding: str | None = None) -> Detected:
    """What gives a caption to nearly all images; the file names only where nothing else does.

    Raises UserError, with the override to give, where that isn't clear.
    """
    origins, doubts = [SidecarText(".gt.txt", encoding)], []
    beside = _beside(folder)
    for name, named in beside.items():
        if not (may_be_read(Path(name)) and _is_readable(folder, name, named)):
            continue
        try:
            # Under any other name it may be what a model has read, or what classes there are.
            foreign = _is_plain(name, PLAIN + PARTS)
            lenient = _is_plain(name) or (named.whole >= SOME and not is_output(Path(name)))
            place = folder if lenient else None
            origins.append(LabelsFile(folder.path / name, columns, foreign, place, encoding))
        except UserError as error:
            if _is_plain(name):
                doubts.append(str(error))
    shares = {origin: origin.share(folder) for origin in origins}
    full = [origin for origin, share in shares.items() if share >= ENOUGH]
    # What names these images outright is surer than what names others that are called alike.
    full = [o for o in full if not (isinstance(o, LabelsFile) and o.foreigner)] or full
    # And a column that is called like captions is surer than one that reads like them.
    full = [o for o in full if not (isinstance(o, LabelsFile) and o.guessed)] or full
    if full:
        return Detected(_agreed(sorted(full, key=shares.get, reverse=True), folder))
    doubts += filter(None, (_elsewhere(o, folder) for o in origins if isinstance(o, LabelsFile)))
    part = {o: share for o, share in shares.items() if share or _is_plain(o.name)}
    if part:
        doubts.append(_partial(part, folder))
    unread = []
    for found, sure in _unread(folder, beside, columns, encoding):
        if found and sure:
            doubts.append(str(found))
        elif found:
            unread.append(found)
    if doubts:
        names = "; data.labels=name takes the file names as captions" if folder.images else ""
        raise UserError(f"{doubts[0]}{names}")
    return _names(folder, unread)


def _beside(folder: Folder) -> dict[str, ImageMentions]:
    """What the files in the folder say of its images; those in a subfolder, of the images there."""
    names = {"": ImageNameIndex(folder.images)}
    kinds = tuple(kind.suffix for kind in find_sidecar_suffixes(folder) if kind.share >= SOME)
    found = {}
    for name in neighbours(folder, kinds):
        place = _place(name, folder)
        if place not in names:
            names[place] = ImageNameIndex(
                [image for image in folder.images if image.startswith(place)]
            )
        found[name] = find_mentions(folder.path / name, names[place])
    return found


def _place(name: str, folder: Folder) -> str:
    """The subfolder of a file, if it is one of some images and not of all."""
    place = "".join(name.rpartition("/")[:2])
    if not place:
        return ""
    inside = sum(image.startswith(place) for image in folder.images)
    return place if 0 < inside < len(folder.images) else ""


def _is_readable(folder: Folder, name: str, named: ImageMentions) -> bool:
    """Whether it may be a labels file for all by its name, and is no big one of something else."""
    if "/" in name or not name.lower().endswith(tuple(READERS)):
        return False
    path = folder.path / name
    known = _is_plain(name, PLAIN + PARTS) or named.bare or not folder.images
    return path.is_file() and bool(known or path.stat().st_size <= SAMPLE)


def _unread(
    folder: Folder, beside: Mapping[str, ImageMentions], columns: Columns, encoding: str | None
) -> Iterator[tuple[UnusedCaptionFile | None, bool]]:
    """What is to be said of all that lies beside the images, or above them; see `judge`."""
    parts = {name: named for name, named in beside.items() if _place(name, folder)}
    yield in_parts(parts, folder)
    for name, named in beside.items():
        if name not in parts:
            yield judge(folder.path / name, named, folder, columns, encoding)
    if folder.images:
        names = ImageNameIndex(folder.images)
        for path in above(folder):
            yield judge(path, find_mentions(path, names), folder, columns, encoding)
        yield text_folder(folder), False


def _names(folder: Folder, unread: Sequence[UnusedCaptionFile]) -> Detected:
    """The file names, with what makes one doubt that they are captions."""
    folder.require_images(f", or give data.recursive=true for all{_hint_below(folder)}")
    names = [text for name in folder.images if (text := stem(name.rpartition("/")[2]))]
    shown = ", ".join(repr(name.encode(errors="replace").decode()) for name in names[:3])
    doubt = check_file_names(folder)
    more = f". {doubt.text}" if doubt else ""
    info(f"captions are the file names of {folder.path}, such as {shown}{more}")
    for file in unread:
        info(str(file))
    return Detected(FileNameCaptions(FileNamePattern("name")), unread)


def _hint_below(folder: Folder) -> str:
    if folder.images:
        return ""
    below = sorted(path.name for path in folder.path.iterdir() if path.is_dir())
    return folders_hint(folder, below) + split_hint(folder.path, below)


def _elsewhere(origin: LabelsFile, folder: Folder) -> str | None:
    """On a labels file whose images all lie in one place, where this folder's others don't."""
    places = [Path(row.file).parent for row in origin.captions(folder) if isinstance(row, Row)]
    if not places:
        return None
    common = Path(os.path.commonpath([*map(str, {*places})]))
    if common == folder.path or not common.is_relative_to(folder.path):
        return None
    inside = Folder(common, recursive=len({*places}) > 1)
    if len(places) < ENOUGH * len(inside.images):
        return None
    more = " data.recursive=true" if inside.recursive else ""
    return (
        f"{origin.path} has captions of the images in {common}, and not of those in {folder.path}: "
        f"data.dir={common} data.labels={origin.path}{more}"
    )


def _partial(shares: Mapping[CaptionSource, float], folder: Folder) -> str:
    """On what has captions for some of the images, or for none."""
    most = max(shares, key=shares.get)
    if not shares[most]:
        rows = [row.file for row in most.rows if isinstance(row, Row)]
        wanted = f"; its first row is of {rows[0]}" if rows else ""
        first = f", the first image here is {folder.images[0]}" if folder.images else ""
        elsewhere = _below(most, folder)
        return f"{folder.path}: {most.name} names no image that is there{wanted}{first}{elsewhere}"
    others = {o.name: share for o, share in shares.items() if share and o is not most}
    told = "".join(f", {name} for {share:.0%}" for name, share in others.items())
    text = (
        f"{folder.path}: {most.name} has captions for only {shares[most]:.0%} of the images{told}: "
        f"data.labels={most.name} takes what it names"
    )
    if others and sum(shares.values()) < 1.01:
        text += (
            "; if these are parts of a split, put each part's images into a folder of their own, "
            "data.train_dir and data.test_dir"
        )
    return text


def _below(origin: LabelsFile, folder: Folder) -> str:
    """The overrides for a subfolder whose images a labels file names, if there is one."""
    for name in folder.files if not folder.images else ():
        place = folder.path / name
        if place.is_dir() and not name.startswith(".") and origin.share(Folder(place)) >= SOME:
            return f"; it names those in {place}: data.dir={place} data.labels={origin.path}"
    return ""


def _require_same_images(origins: Sequence[CaptionSource], folder: Folder) -> None:
    """Raise UserError if files are lists of different images, such as the parts of a split."""
    images = [
        {row.file for row in origin.captions(folder) if isinstance(row, Row)} for origin in origins
    ]
    most = max(map(len, images))
    if len(set().union(*images)) * ENOUGH > most:
        names = ", ".join(origin.name for origin in origins)
        raise UserError(
            f"{folder.path}: {names} name different images: data.labels={origins[0].name} takes "
            f"what it names; for all of them write one labels.csv, or, if they are parts of a "
            "split, put a labels.csv into each part's folder and give data.train_dir and "
            "data.test_dir"
        )


def _is_plain(name: str, among: Collection[str] = PLAIN) -> bool:
    return stem(name).lower() in among and not name.lower().endswith(".txt")


def _agreed(full: list[CaptionSource], folder: Folder) -> CaptionSource:
    """The first of `full`; UserError if another contradicts it."""
    first, *others = full
    if others and not folder.images:
        _require_same_images(full, folder)
    said = {}
    for origin in full if others else ():
        for row in origin.captions(folder):
            if isinstance(row, Row) and said.setdefault(row.file, row.text) != row.text:
                raise UserError(
                    f"{row.file}: {said[row.file]!r} in {first.name}, {row.text!r} in "
                    f"{origin.name}: choose data.labels={first.name} or data.labels={origin.name}"
                )
    info(f"captions are from {first.name} in {folder.path} (data.labels=name: the file names)")
    return first
