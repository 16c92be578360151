"""Detect where the captions of a folder are."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ocr.data.sources.caption_source import CaptionSource, Row
from ocr.data.sources.detection_problems import describe_other_folder, describe_partial
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

# A file with one of these names is a labels file; if it cannot be read, that is an error.
USUAL_NAMES = ("labels", "metadata", "captions")
SPLIT_NAMES = ("train", "val", "valid", "validation", "test")


class Detected(NamedTuple):
    """The result of `detect`.

    Attributes:
        source: Where the captions are.
        unused: Other files that may hold captions.
    """

    source: CaptionSource
    unused: Sequence[UnusedCaptionFile] = ()


def detect(folder: Folder, columns: Columns, encoding: str | None = None) -> Detected:
    """Detect the source that has captions for nearly all images.

    The file names are used only if no other file may hold captions.

    Args:
        folder: The images and the files beside them.
        columns: The columns of a labels file, if given.
        encoding: See `read_text`.

    Raises:
        UserError: It isn't clear where the captions are; the message suggests an override.
    """
    sidecars = find_sidecar_suffixes(folder) if folder.images else []
    candidates = _candidates(folder, sidecars)
    sources, problems = _open_sources(folder, candidates, columns, encoding)
    coverage = {source: source.coverage(folder) for source in sources}
    complete = [source for source, share in coverage.items() if share >= MOST]
    # Prefer files whose paths exist to those that match by file name only, and columns with a
    # usual name to those chosen by their values.
    complete = [s for s in complete if not getattr(s, "foreign_path", None)] or complete
    complete = [s for s in complete if not getattr(s, "column_guessed", False)] or complete
    if complete:
        complete.sort(key=lambda source: coverage[source], reverse=True)
        return Detected(_first_consistent(complete, folder))
    labels_files = [source for source in sources if isinstance(source, LabelsFile)]
    problems += filter(None, (describe_other_folder(one, folder) for one in labels_files))
    partial = {s: share for s, share in coverage.items() if share or _is_named(s.name)}
    if partial:
        problems.append(describe_partial(partial, folder))
    found = [*filter(None, _find_unused(folder, candidates, columns, encoding))]
    problems += [str(file) for file in found if file.is_error]
    if problems:
        hint = "; data.labels=name takes the file names as captions" if folder.images else ""
        raise UserError(f"{problems[0]}{hint}")
    return _use_file_names(folder, sidecars, found)


def _candidates(folder: Folder, sidecars: Sequence[SidecarSuffix]) -> dict[str, ImageMentions]:
    """Return how files mention the images; files in a subfolder, only the images there."""
    indices = {"": ImageNameIndex(folder.images)}
    suffixes = [sidecar.suffix for sidecar in sidecars if sidecar.share >= SOME]
    found = {}
    for name in candidate_files(folder, suffixes):
        subfolder = _subfolder(name, folder)
        if subfolder not in indices:
            inside = [image for image in folder.images if image.startswith(subfolder)]
            indices[subfolder] = ImageNameIndex(inside)
        found[name] = find_mentions(folder.path / name, indices[subfolder])
    return found


def _subfolder(name: str, folder: Folder) -> str:
    """Return the subfolder of a file if it holds some but not all of the images, or ""."""
    subfolder = "".join(name.rpartition("/")[:2])
    if not subfolder:
        return ""
    inside = sum(image.startswith(subfolder) for image in folder.images)
    return subfolder if 0 < inside < len(folder.images) else ""


def _open_sources(
    folder: Folder,
    candidates: Mapping[str, ImageMentions],
    columns: Columns,
    encoding: str | None,
) -> tuple[list[SidecarText | LabelsFile], list[str]]:
    """Open all possible sources; also return why labels files cannot be opened."""
    sources: list[SidecarText | LabelsFile] = [SidecarText(".gt.txt", encoding)]
    problems = []
    for name, mentions in candidates.items():
        if not (may_be_labels_file(Path(name)) and _may_be_read(folder, name, mentions)):
            continue
        # Files with other names may be a model's output or a list of classes.
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
    """Return whether a file may be a labels file; not if it is large and names no images."""
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


def _use_file_names(
    folder: Folder, sidecars: Sequence[SidecarSuffix], unused: Sequence[UnusedCaptionFile]
) -> Detected:
    """Use the file names as captions, and log what suggests that this is wrong."""
    folder.require_images(f", or give data.recursive=true for all{_subfolder_hints(folder)}")
    names = [text for name in folder.images if (text := stem(name.rpartition("/")[2]))]
    shown = ", ".join(repr(name.encode(errors="replace").decode()) for name in names[:3])
    issue = check_file_names(folder, sidecars)
    warning = f". {issue.text}" if issue else ""
    info(f"captions are the file names of {folder.path}, such as {shown}{warning}")
    for file in unused:
        info(str(file))
    return Detected(FileNameCaptions(FileNamePattern("name")), unused)


def _subfolder_hints(folder: Folder) -> str:
    if folder.images:
        return ""
    below = sorted(path.name for path in folder.path.iterdir() if path.is_dir())
    return subfolder_hint(folder, below) + split_hint(folder.path, below)


def _require_same_images(sources: Sequence[CaptionSource], folder: Folder) -> None:
    """Raise UserError if sources have captions of different images, such as parts of a split."""
    images = [
        {row.file for row in source.captions(folder) if isinstance(row, Row)} for source in sources
    ]
    if len(set().union(*images)) * MOST > max(map(len, images)):
        names = ", ".join(source.name for source in sources)
        raise UserError(
            f"{folder.path}: {names} name different images: write all rows into one labels.csv, or "
            "put a labels.csv into the folder of each part and give data.train_dir and "
            f"data.test_dir, or use one file only with data.labels={sources[0].name}"
        )


def _is_named(name: str, names: Collection[str] = USUAL_NAMES) -> bool:
    return stem(name).lower() in names and not name.lower().endswith(".txt")


def _first_consistent(sources: Sequence[SidecarText | LabelsFile], folder: Folder) -> CaptionSource:
    """Return the first source; raise UserError if another one has different captions."""
    first, *others = sources
    if others and not folder.images:
        _require_same_images(sources, folder)
    captions: dict[str, str] = {}
    for source in sources if others else ():
        for row in source.captions(folder):
            if isinstance(row, Row) and captions.setdefault(row.file, row.text) != row.text:
                raise UserError(
                    f"{row.file}: {captions[row.file]!r} in {first.name}, {row.text!r} in "
                    f"{source.name}: give data.labels={first.name} or data.labels={source.name}"
                )
    info(f"captions are from {first.name} in {folder.path} (data.labels=name takes the file names)")
    return first
