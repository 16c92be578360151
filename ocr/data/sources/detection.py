"""Find out where the captions of a folder are, if the user does not say."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ocr.data.sources.caption_source import CaptionSource, Row
from ocr.data.sources.file_name import FileNameCaptions
from ocr.data.sources.file_name_check import MOST, SOME, check_file_names, subfolder_hint
from ocr.data.sources.folder import Folder, split_hint, stem
from ocr.data.sources.image_mentions import SAMPLE_BYTES, ImageMentions, find_mentions
from ocr.data.sources.image_names import ImageNameIndex
from ocr.data.sources.labels_file import READERS, Columns, LabelsFile
from ocr.data.sources.sidecar import SidecarSuffix, SidecarText, find_sidecar_suffixes
from ocr.data.sources.unused_caption_files import (
    UnusedCaptionFile,
    candidate_files,
    check_file,
    check_sidecar_folder,
    check_subfolder_files,
    files_above,
    is_output,
    may_be_labels_file,
)
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.errors import UserError
from ocr.log import info

# Files with these names are meant as labels files, even if they cannot be read.
USUAL_NAMES = ("labels", "metadata", "captions")
SPLIT_NAMES = ("train", "val", "valid", "validation", "test")


class Detected(NamedTuple):
    """The result of `detect`.

    Attributes:
        source: Where the captions are.
        unused: Files that may hold captions as well and are not read.
    """

    source: CaptionSource
    unused: Sequence[UnusedCaptionFile] = ()


def detect(folder: Folder, columns: Columns, encoding: str | None = None) -> Detected:
    """Find the source that has captions for nearly all images.

    The file names are taken only if nothing else may hold captions.

    Args:
        folder: The images and the files beside them.
        columns: The columns of labels files that the user has named.
        encoding: See `read_text`.

    Raises:
        UserError: It isn't clear where the captions are; the message gives an override.
    """
    sidecars = find_sidecar_suffixes(folder) if folder.images else []
    candidates = _candidates(folder, sidecars)
    sources, problems = _open_sources(folder, candidates, columns, encoding)
    coverage = {source: source.coverage(folder) for source in sources}
    complete = [source for source, share in coverage.items() if share >= MOST]
    # Paths of these images are surer than paths with the same base names, and a column with a
    # usual name is surer than one whose values look like captions.
    complete = [s for s in complete if not getattr(s, "foreign_path", None)] or complete
    complete = [s for s in complete if not getattr(s, "column_guessed", False)] or complete
    if complete:
        complete.sort(key=lambda source: coverage[source], reverse=True)
        return Detected(_without_contradiction(complete, folder))
    labels_files = [source for source in sources if isinstance(source, LabelsFile)]
    problems += filter(None, (_describe_other_place(one, folder) for one in labels_files))
    partial = {s: share for s, share in coverage.items() if share or _is_named(s.name)}
    if partial:
        problems.append(_describe_partial(partial, folder))
    found = [*filter(None, _find_unused(folder, candidates, columns, encoding))]
    problems += [str(file) for file in found if file.is_error]
    if problems:
        names = "; data.labels=name takes the file names as captions" if folder.images else ""
        raise UserError(f"{problems[0]}{names}")
    return _take_file_names(folder, sidecars, found)


def _candidates(folder: Folder, sidecars: Sequence[SidecarSuffix]) -> dict[str, ImageMentions]:
    """Return what files say about the images; one in a subfolder, about the images there."""
    indices = {"": ImageNameIndex(folder.images)}
    suffixes = [sidecar.suffix for sidecar in sidecars if sidecar.share >= SOME]
    found = {}
    for name in candidate_files(folder, suffixes):
        place = _subfolder(name, folder)
        if place not in indices:
            inside = [image for image in folder.images if image.startswith(place)]
            indices[place] = ImageNameIndex(inside)
        found[name] = find_mentions(folder.path / name, indices[place])
    return found


def _subfolder(name: str, folder: Folder) -> str:
    """Return the subfolder of a file if it holds some of the images, and not all; or ""."""
    place = "".join(name.rpartition("/")[:2])
    if not place:
        return ""
    inside = sum(image.startswith(place) for image in folder.images)
    return place if 0 < inside < len(folder.images) else ""


def _open_sources(
    folder: Folder,
    candidates: Mapping[str, ImageMentions],
    columns: Columns,
    encoding: str | None,
) -> tuple[list[SidecarText | LabelsFile], list[str]]:
    """Open all sources that may be meant, and say why labels files cannot be opened."""
    sources: list[SidecarText | LabelsFile] = [SidecarText(".gt.txt", encoding)]
    problems = []
    for name, mentions in candidates.items():
        if not (may_be_labels_file(Path(name)) and _may_be_read(folder, name, mentions)):
            continue
        # A file with another name may be a model's output, or a list of classes.
        foreign = _is_named(name, USUAL_NAMES + SPLIT_NAMES)
        about_images = mentions.fully_named >= SOME and not is_output(Path(name))
        images = folder if _is_named(name) or about_images else None
        try:
            sources.append(LabelsFile(folder.path / name, columns, foreign, images, encoding))
        except UserError as error:
            if _is_named(name):
                problems.append(str(error))
    return sources, problems


def _may_be_read(folder: Folder, name: str, mentions: ImageMentions) -> bool:
    """Return whether a file may be a labels file, and isn't a large one about something else."""
    if "/" in name or not name.lower().endswith(tuple(READERS)):
        return False
    path = folder.path / name
    about_images = mentions.named or not folder.images
    known = about_images or _is_named(name, USUAL_NAMES + SPLIT_NAMES)
    return path.is_file() and bool(known or path.stat().st_size <= SAMPLE_BYTES)


def _find_unused(
    folder: Folder,
    candidates: Mapping[str, ImageMentions],
    columns: Columns,
    encoding: str | None,
) -> Iterator[UnusedCaptionFile | None]:
    """Check all files beside the images and above them; see `check_file`."""
    in_subfolders = {n: mentions for n, mentions in candidates.items() if _subfolder(n, folder)}
    yield check_subfolder_files(in_subfolders, folder)
    for name, mentions in candidates.items():
        if name not in in_subfolders:
            yield check_file(folder.path / name, mentions, folder, columns, encoding)
    if folder.images:
        index = ImageNameIndex(folder.images)
        for path in files_above(folder):
            yield check_file(path, find_mentions(path, index), folder, columns, encoding)
        yield check_sidecar_folder(folder)


def _take_file_names(
    folder: Folder, sidecars: Sequence[SidecarSuffix], unused: Sequence[UnusedCaptionFile]
) -> Detected:
    """Take the file names as captions, and tell the user what may be wrong with that."""
    folder.require_images(f", or give data.recursive=true for all{_subfolder_hints(folder)}")
    names = [text for name in folder.images if (text := stem(name.rpartition("/")[2]))]
    shown = ", ".join(repr(name.encode(errors="replace").decode()) for name in names[:3])
    issue = check_file_names(folder, sidecars)
    more = f". {issue.text}" if issue else ""
    info(f"captions are the file names of {folder.path}, such as {shown}{more}")
    for file in unused:
        info(str(file))
    return Detected(FileNameCaptions(FileNamePattern("name")), unused)


def _subfolder_hints(folder: Folder) -> str:
    if folder.images:
        return ""
    below = sorted(path.name for path in folder.path.iterdir() if path.is_dir())
    return subfolder_hint(folder, below) + split_hint(folder.path, below)


def _describe_other_place(source: LabelsFile, folder: Folder) -> str | None:
    """Describe a labels file whose images are all in another folder."""
    places = [Path(row.file).parent for row in source.captions(folder) if isinstance(row, Row)]
    if not places:
        return None
    common = Path(os.path.commonpath([*map(str, {*places})]))
    if common == folder.path or not common.is_relative_to(folder.path):
        return None
    inside = Folder(common, recursive=len({*places}) > 1)
    if len(places) < MOST * len(inside.images):
        return None
    more = " data.recursive=true" if inside.recursive else ""
    return (
        f"{source.path} has captions of the images in {common}, and not of those in {folder.path}: "
        f"data.dir={common} data.labels={source.path}{more}"
    )


def _describe_partial(coverage: Mapping[SidecarText | LabelsFile, float], folder: Folder) -> str:
    """Describe sources that have captions for some of the images, or for none."""
    best = max(coverage, key=lambda source: coverage[source])
    if isinstance(best, LabelsFile) and not coverage[best]:
        rows = [row.file for row in best.rows if isinstance(row, Row)]
        first_row = f"; its first row is for {rows[0]}" if rows else ""
        first = f", the first image here is {folder.images[0]}" if folder.images else ""
        below = _describe_below(best, folder)
        return f"{folder.path}: {best.name} names no image that exists{first_row}{first}{below}"
    others = {s.name: share for s, share in coverage.items() if share and s is not best}
    shares = "".join(f", {name} for {share:.0%}" for name, share in others.items())
    text = (
        f"{folder.path}: {best.name} has captions for only {coverage[best]:.0%} of the "
        f"images{shares}: data.labels={best.name} takes only these"
    )
    if others and sum(coverage.values()) < 1.01:
        text += (
            "; if these are parts of a split, put each part's images into a folder of their own, "
            "data.train_dir and data.test_dir"
        )
    return text


def _describe_below(source: LabelsFile, folder: Folder) -> str:
    """Return the overrides for a subfolder with the images of a labels file, or ""."""
    for name in folder.files if not folder.images else ():
        place = folder.path / name
        if not place.is_dir() or name.startswith("."):
            continue
        if source.coverage(Folder(place)) >= SOME:
            return f"; it names those in {place}: data.dir={place} data.labels={source.path}"
    return ""


def _require_same_images(sources: Sequence[CaptionSource], folder: Folder) -> None:
    """Raise UserError if sources have captions of different images, as parts of a split do."""
    images = [
        {row.file for row in source.captions(folder) if isinstance(row, Row)} for source in sources
    ]
    if len(set().union(*images)) * MOST > max(map(len, images)):
        names = ", ".join(source.name for source in sources)
        raise UserError(
            f"{folder.path}: {names} name different images: data.labels={sources[0].name} takes "
            "only its own; for all of them write one labels.csv, or, if they are parts of a "
            "split, put a labels.csv into each part's folder and give data.train_dir and "
            "data.test_dir"
        )


def _is_named(name: str, names: Collection[str] = USUAL_NAMES) -> bool:
    return stem(name).lower() in names and not name.lower().endswith(".txt")


def _without_contradiction(
    sources: Sequence[SidecarText | LabelsFile], folder: Folder
) -> CaptionSource:
    """Return the first source; raise UserError if another has other captions."""
    first, *others = sources
    if others and not folder.images:
        _require_same_images(sources, folder)
    captions: dict[str, str] = {}
    for source in sources if others else ():
        for row in source.captions(folder):
            if isinstance(row, Row) and captions.setdefault(row.file, row.text) != row.text:
                raise UserError(
                    f"{row.file}: {captions[row.file]!r} in {first.name}, {row.text!r} in "
                    f"{source.name}: choose data.labels={first.name} or data.labels={source.name}"
                )
    info(f"captions are from {first.name} in {folder.path} (data.labels=name: the file names)")
    return first
