"""Find files that may hold captions but are not read unless data.labels names them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ocr.data.images.formats import SUFFIXES
from ocr.data.sources.caption_source import Row
from ocr.data.sources.file_name_check import MOST, SOME, are_numbered
from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.image_mentions import SPREADSHEETS, ImageMentions
from ocr.data.sources.labels_file import READERS, Columns, LabelsFile
from ocr.data.sources.sidecar import find_sidecar_folder, possible_stems
from ocr.errors import UserError

# Names of the output of models and programs.
_OUTPUT = re.compile(
    r"pred|result|output|hypothes|recogni[sz]ed|inferr?ed|scores?\b|metrics|(?:\b|_)logs?(?:\b|_)|"
    r"stdout|stderr|nohup|skipped",
    re.IGNORECASE,
)
_CHECKSUMS = re.compile(r"checksum|md5|sha\d|crc32", re.IGNORECASE)
_NO_CAPTIONS = re.compile(
    r"readme|licen[cs]e|requirements|classes|chars|charset|characters|alphabet|vocab|lexicon|"
    r"dict|words?list|symbols|tokens|names|authors|notice|changelog|todo|notes|citation",
    re.IGNORECASE,
)
_FILE_LIST = re.compile(r"\S+\.\w{2,4}|.*://.*|" + f".*(?:{'|'.join(map(re.escape, SUFFIXES))}).*")
_OUTPUT_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".txt")  # such output may be captions

MAX_CAPTION_LENGTH = 200  # characters of a caption in a list with one line per image
MIN_LINES = 5  # in a list with one line per image
MAX_FILES = 60  # files beside the images that are checked
MAX_FILES_ABOVE = 30  # files in the parent folder; if there are more, none is checked


@dataclass(frozen=True)
class UnusedCaptionFile:
    """A file that may hold captions but isn't read.

    Attributes:
        path: The file, or a folder of text files.
        text: Why it may hold captions.
        override: What to do to have it read.
        harmless: Whether it probably holds no captions.
        is_error: Whether training on the file names instead is probably a mistake.
    """

    path: Path
    text: str
    override: str
    harmless: bool = False
    is_error: bool = False

    def __str__(self) -> str:
        return f"{self.text}: {self.override}"


def candidate_files(folder: Folder, suffixes: Sequence[str] = ()) -> Iterator[str]:
    """Yield the files in a folder that may be about its images, the most likely first.

    Args:
        folder: The images and the files beside them.
        suffixes: Suffixes of files that belong to one image each; these files are left out.
    """
    images = set(folder.images)
    stems = {stem(name) for name in folder.images}
    owners = {base for name in folder.images for base in possible_stems(name)} if suffixes else ()
    files = [
        name
        for name in folder.files
        if name not in images
        and not name.rpartition("/")[2].startswith(".")
        and stem(name) not in stems
        and not any(name.endswith(end) and name.removesuffix(end) in owners for end in suffixes)
    ]
    files.sort(key=lambda name: (name.count("/"), not name.lower().endswith(tuple(READERS)), name))
    # Some may be folders, but checking each would be slow; opening them fails later.
    return islice(files, MAX_FILES)


def files_above(folder: Folder) -> list[Path]:
    """Return the text files and tables in the parent of a folder; none if there are too many."""
    try:
        entries = [*islice(folder.path.absolute().parent.iterdir(), 1000)]
    except OSError:
        return []
    suffixes = (*READERS, *SPREADSHEETS, ".xml")
    files = sorted(
        entry
        for entry in entries
        if entry.name.lower().endswith(suffixes) and not entry.name.startswith(".")
    )
    return files if len(files) <= MAX_FILES_ABOVE else []


def may_be_labels_file(path: Path) -> bool:
    """Return whether a file is not named like checksums or a program's log."""
    is_log = is_output(path) and path.suffix.lower() not in _OUTPUT_SUFFIXES
    return not (_CHECKSUMS.search(path.stem) or is_log)


def is_output(path: Path) -> bool:
    """Return whether a file is named like a program's output, such as a model's predictions."""
    return bool(_OUTPUT.search(path.stem))


def check_file(
    path: Path,
    mentions: ImageMentions,
    folder: Folder,
    columns: Columns,
    encoding: str | None = None,
) -> UnusedCaptionFile | None:
    """Return a description of a file if it may hold the captions of a folder's images, or None.

    It is an error not to read the file if it has captions for nearly all images, and their file
    names are either given in full or consecutive numbers.

    Args:
        path: The file.
        mentions: How it mentions the images.
        folder: The images.
        columns: The columns of a labels file, if given.
        encoding: See `read_text`.
    """
    inside = path.is_relative_to(folder.path)
    if _CHECKSUMS.search(path.stem) or not (inside or mentions.fully_named >= SOME):
        return None
    names = f"{path} names {_percent(mentions.named)} of the images"
    captioned = mentions.may_hold_captions
    if is_output(path):
        override = f"if they are captions, {_override(path, folder)}"
        text = f"{names}, but is named like a program's output"
        return UnusedCaptionFile(path, text, override, harmless=True) if captioned else None
    line_per_image = inside and _has_line_per_image(path, mentions, folder)
    numbered = (captioned or line_per_image) and are_numbered(folder)
    if captioned and (not mentions.only_numbers or (numbered and mentions.single)):
        sure = mentions.fully_named >= MOST or numbered
        is_error = mentions.named >= MOST and not mentions.only_numbers and sure
        found = UnusedCaptionFile(path, names, _override(path, folder), is_error=is_error)
    elif line_per_image:
        text = f"{path} has as many lines as there are images"
        found = UnusedCaptionFile(path, text, _override(path, folder), is_error=numbered)
    else:
        return None
    return _with_problem(found, folder, columns, encoding)


def _with_problem(
    file: UnusedCaptionFile, folder: Folder, columns: Columns, encoding: str | None
) -> UnusedCaptionFile:
    """Add the reason if the file cannot be read."""
    text = f"{file.text}, but can't be read"
    try:
        labels = LabelsFile(file.path, columns, True, folder, encoding, given=True)
    except UserError as error:
        why = str(error).removeprefix(str(file.path)).lstrip(",: ")
        if error.key == "data.labels":
            return replace(file, text=text, override=why)
        if error.key:
            override = f"give that and data.labels={_relative(file.path, folder)}"
        else:
            override = "correct it, or save it as labels.csv with the columns file and label"
        return replace(file, text=f"{text}: {why}", override=override)
    if labels.coverage(folder) >= SOME:
        return file
    rows = [row.file for row in labels.rows if isinstance(row, Row)]
    first_row = f"its first row is for {rows[0]}" if rows else "it has no rows"
    return replace(
        file,
        text=f"{text}: {first_row}, and the first image here is {folder.images[0]}",
        override="save it as labels.csv with the columns file and label and the images' names",
    )


def _relative(path: Path, folder: Folder) -> Path:
    return path.relative_to(folder.path) if path.is_relative_to(folder.path) else path


def _override(path: Path, folder: Folder) -> str:
    return f"data.labels={_relative(path, folder)} takes the captions from there"


def check_subfolder_files(
    files: Mapping[str, ImageMentions], folder: Folder
) -> UnusedCaptionFile | None:
    """Return a description of files in subfolders that name the images beside them, or None.

    Args:
        files: How each file mentions the images in its subfolder.
        folder: All images.
    """
    found = [
        name
        for name, mentions in files.items()
        if mentions.may_hold_captions and not is_output(Path(name))
    ]
    subfolders = tuple({f"{name.rpartition('/')[0]}/" for name in found})
    share = sum(name.startswith(subfolders) for name in folder.images) / max(1, len(folder.images))
    if share < SOME:
        return None
    first = folder.path / found[0]
    names = f" and {len(found) - 1} more name" if len(found) > 1 else " names"
    return UnusedCaptionFile(
        first,
        f"{first}{names} the images of one subfolder each, {_percent(share)} in all",
        f"write their rows into one labels.csv in {folder.path}, with the images' subfolders",
        is_error=share >= MOST,
    )


def check_sidecar_folder(folder: Folder) -> UnusedCaptionFile | None:
    """Return a description of another folder that has a text file for each image, or None."""
    found = find_sidecar_folder(folder)
    if not found:
        return None
    place, suffix = found
    return UnusedCaptionFile(
        place,
        f"{place} has a {suffix} for each image",
        f"copy these files to the images, and give data.labels={suffix}",
    )


def _has_line_per_image(path: Path, mentions: ImageMentions, folder: Folder) -> bool:
    """Return whether a file may have one caption per line, in the order of the images."""
    images = len(folder.images)
    if mentions.lines != images or images < MIN_LINES or mentions.fully_named >= SOME:
        return False
    if path.suffix.lower() not in (*READERS, "") or _NO_CAPTIONS.search(path.name):
        return False
    texts = mentions.texts
    names = {stem(name.rpartition("/")[2]) for name in folder.images}
    return not texts or (
        len(set(texts)) > 1
        and len(names.intersection(texts)) < SOME * images  # not a list of names
        and max(map(len, texts)) <= MAX_CAPTION_LENGTH
        and not all(len(text) == 1 for text in texts)
        and not all(map(_FILE_LIST.fullmatch, texts))
    )


def _percent(share: float) -> str:
    return "all" if share == 1 else f"{share:.0%}"
