"""Files beside the images that may hold their captions, and aren't read unless they are named."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ocr.data.images.loading import SUFFIXES
from ocr.data.sources.file_name_check import ENOUGH, SOME, are_numbered
from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.image_mentions import SPREADSHEETS, ImageMentions
from ocr.data.sources.labels_file import READERS, Columns, Row
from ocr.data.sources.origins import LabelsFile
from ocr.data.sources.sidecar import find_sidecar_folder, possible_stems
from ocr.errors import UserError

# What models, programs and people write about images and sets that is no labels file.
_OUTPUT = re.compile(
    r"pred|result|output|hypothes|recogni[sz]ed|inferr?ed|scores?\b|metrics|(?:\b|_)logs?(?:\b|_)|"
    r"stdout|stderr|nohup|skipped",
    re.IGNORECASE,
)
_CHECKSUMS = re.compile(r"checksum|md5|sha\d|crc32", re.IGNORECASE)
_NO_ANSWERS = re.compile(
    r"readme|licen[cs]e|requirements|classes|chars|charset|characters|alphabet|vocab|lexicon|"
    r"dict|words?list|symbols|tokens|names|authors|notice|changelog|todo|notes|citation",
    re.IGNORECASE,
)
_FILE_LIST = re.compile(r"\S+\.\w{2,4}|.*://.*|" + f".*(?:{'|'.join(map(re.escape, SUFFIXES))}).*")
LONGEST = 200  # characters of a caption in a list of answers

LISTED = 60  # files beside the images that are looked into, at most
PARENT = 30  # in the folder above; where there are more, it is no folder of these images


@dataclass(frozen=True)
class UnusedCaptionFile:
    """A file that may hold captions.

    path: of it. text: what it is. override: what reads it. harmless: it is hardly meant.
    """

    path: Path
    text: str
    override: str
    harmless: bool = False

    def __str__(self) -> str:
        """For people."""
        return f"{self.text}: {self.override}"


def neighbours(folder: Folder, schemes: tuple[str, ...] = ()) -> Iterator[str]:
    """The files in the folder that may say something of its images, labels files first.

    schemes: what texts of one image each end in; they are none.
    """
    images = set(folder.images)
    stems = {stem(name) for name in folder.images}
    owners = {base for name in folder.images for base in possible_stems(name)} if schemes else set()
    files = [
        name
        for name in folder.files
        if name not in images
        and not name.rpartition("/")[2].startswith(".")
        and not (stem(name) in stems or _is_of_scheme(name, schemes, owners))
    ]
    files.sort(key=lambda name: (name.count("/"), not name.lower().endswith(tuple(READERS)), name))
    # A folder among them is found when it is opened: to ask for each would take long.
    return islice(files, LISTED)


def _is_of_scheme(name: str, schemes: tuple[str, ...], owners: set[str]) -> bool:
    return any(name.endswith(suffix) and name.removesuffix(suffix) in owners for suffix in schemes)


def above(folder: Folder) -> list[Path]:
    """The texts and tables in the folder that the images' folder is in, if they are few."""
    place = folder.path.absolute().parent
    try:
        entries = [*islice(place.iterdir(), 1000)]
    except OSError:
        return []
    suffixes = (*READERS, ".json", *SPREADSHEETS, ".xml")
    files = sorted(
        entry for entry in entries
        if entry.name.lower().endswith(suffixes) and not entry.name.startswith(".")
    )  # fmt: skip
    return files if len(files) <= PARENT else []


def may_be_read(path: Path) -> bool:
    """Whether a file is no list of checksums by its name, and no output in a format of its own."""
    return not _CHECKSUMS.search(path.stem) and not (
        is_output(path) and path.suffix.lower() not in (".csv", ".tsv", ".jsonl", ".ndjson", ".txt")
    )


def is_output(path: Path) -> bool:
    """Whether it is named like what a program has written, such as a model's predictions."""
    return bool(_OUTPUT.search(path.stem))


def judge(
    path: Path,
    named: ImageMentions,
    folder: Folder,
    columns: Columns,
    encoding: str | None = None,
) -> tuple[UnusedCaptionFile | None, bool]:
    """What is to be said of a file, and whether that is a reason not to start.

    It is one where a file names nearly all images and says of each what may be its caption: with
    their suffixes, or by numbers that are no captions.
    """
    inside = path.is_relative_to(folder.path)
    if _CHECKSUMS.search(path.stem) or not (inside or named.whole >= SOME):
        return None, False
    if is_output(path):
        return _of_output(path, named, folder), False
    says, answers = holds_captions(named), inside and _has_answers(path, named, folder)
    numbered = (says or answers) and are_numbered(folder)
    if says and (not named.numbers or (numbered and named.single)):
        text = f"{path} names {_share(named.bare)} of the images"
        sure = named.bare >= ENOUGH and not named.numbers and (named.whole >= ENOUGH or numbered)
    elif answers:
        text, sure = f"{path} has as many lines as there are images", numbered
    else:
        return None, False
    return _with_reason(
        UnusedCaptionFile(path, text, _reading(path, folder)), folder, columns, encoding
    ), sure


def _with_reason(
    unread: UnusedCaptionFile, folder: Folder, columns: Columns, encoding: str | None
) -> UnusedCaptionFile:
    """The same with the reason why the file can't be read, if it can't."""
    text = f"{unread.text}, but can't be read"
    try:
        labels = LabelsFile(unread.path, columns, True, folder, encoding, given=True)
    except UserError as error:
        why = str(error).removeprefix(str(unread.path)).lstrip(",: ")
        if "data.labels=" in why:
            return replace(unread, text=text, override=why)
        if "data." in why:
            override = f"give that and data.labels={_argument(unread.path, folder)}"
        else:
            override = "mend it, or save it as labels.csv with the columns file and label"
        return replace(unread, text=f"{text}: {why}", override=override)
    if labels.share(folder) >= SOME:
        return unread
    rows = [row.file for row in labels.rows if isinstance(row, Row)]
    what = f"its first row is of {rows[0]}" if rows else "it has no rows"
    return replace(
        unread,
        text=f"{text}: {what}, and the first image here is {folder.images[0]}",
        override="save it as labels.csv with the columns file and label, with these names",
    )


def _argument(path: Path, folder: Folder) -> Path:
    return path.relative_to(folder.path) if path.is_relative_to(folder.path) else path


def _reading(path: Path, folder: Folder) -> str:
    return f"data.labels={_argument(path, folder)} takes the captions from there"


def _of_output(path: Path, named: ImageMentions, folder: Folder) -> UnusedCaptionFile | None:
    if not holds_captions(named):
        return None
    text = f"{path} names {_share(named.bare)} of the images, but is called like a program's output"
    return UnusedCaptionFile(
        path, text, f"if they are captions, {_reading(path, folder)}", harmless=True
    )


def holds_captions(named: ImageMentions) -> bool:
    """Whether a file says something of many images that may be their captions."""
    return named.bare >= SOME and named.said >= SOME


def in_parts(
    files: Mapping[str, ImageMentions], folder: Folder
) -> tuple[UnusedCaptionFile | None, bool]:
    """What is to be said of files in subfolders, each of which names the images beside it."""
    found = [name for name, named in files.items() if holds_captions(named)]
    found = [name for name in found if not is_output(Path(name))]
    places = tuple({f"{name.rpartition('/')[0]}/" for name in found})
    share = sum(name.startswith(places) for name in folder.images) / max(1, len(folder.images))
    if share < SOME:
        return None, False
    more = f" and {len(found) - 1} more name" if len(found) > 1 else " names"
    return UnusedCaptionFile(
        folder.path / found[0],
        f"{folder.path / found[0]}{more} the images of one subfolder each, {_share(share)} in all",
        f"write their rows into one labels.csv in {folder.path}, each file with its subfolder",
    ), share >= ENOUGH


def text_folder(folder: Folder) -> UnusedCaptionFile | None:
    """On a folder beside the images with a text for each, which nobody looks into."""
    found = find_sidecar_folder(folder)
    if not found:
        return None
    place, suffix = found
    return UnusedCaptionFile(
        place,
        f"{place} has a {suffix} for each image",
        f"copy them to the images: data.labels={suffix} takes the captions from there",
    )


def _has_answers(path: Path, named: ImageMentions, folder: Folder) -> bool:
    """Whether it may be a list of captions in the images' order."""
    images = len(folder.images)
    if named.lines != images or images < 5 or named.whole >= SOME:
        return False
    if path.suffix.lower() not in (*READERS, ""):
        return False
    if _NO_ANSWERS.search(path.name):
        return False
    texts = named.texts
    names = {stem(name.rpartition("/")[2]) for name in folder.images}
    return not texts or (
        len(set(texts)) > 1
        and len(names.intersection(texts)) < SOME * images  # a list of what the names say as well
        and max(map(len, texts)) <= LONGEST
        and not all(len(text) == 1 for text in texts)
        and not all(map(_FILE_LIST.fullmatch, texts))
    )


def _share(share: float) -> str:
    return "all" if share == 1 else f"{share:.0%}"
