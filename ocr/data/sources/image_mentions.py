"""Whether a file names images and says something of them, without reading all of a big one."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from unicodedata import normalize

from ocr.data.images.loading import SUFFIXES
from ocr.data.sources.folder import stem
from ocr.data.sources.image_names import base_names

SAMPLE = 2**18  # bytes to look for names in
BLOCKS = 16  # that the sample of a bigger file is taken in
FEW = 20  # images
TRIED, SURE = 200, 10  # names, of which so many must be expected for none to mean something
OFTEN = 2  # times that each is named
COUNTED = 2**23  # bytes of a file whose lines are counted
SPREADSHEETS = (".xlsx", ".ods")
_PARTS_OF_SPREADSHEETS = ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "content.xml")

_BORDERS = re.compile(r"[\t,;|\"<>{}\[\]()=']+")
# Files, measures, times, checksums, and the names of the parts of a split: no captions.
_NO_CAPTION = re.compile(
    rf".*(?:{'|'.join(map(re.escape, SUFFIXES))})|"
    r"-?\d*\.\d+(?:e-?\d+)?\w{0,2}|\d{2,4}([-/.])\d\d\1\d{2,4}|\d\d:\d\d(?::\d\d\S*)?|"
    r"[0-9a-f]{32,128}|train|val|valid|validation|test|true|false|none|null|nan|[^\w]*",
    re.IGNORECASE,
)
_Word = tuple[str, tuple[str, bool] | None]  # and what image it names, see `ImageNames.image`
_SMALL_NUMBER = re.compile(r"0|[1-9]\d{0,2}")


class ImageNameIndex:
    """The names of images, to find them in texts."""

    def __init__(self, images: Sequence[str]) -> None:
        self.count = len(images)
        # By the last part: what is before it differs from machine to machine.
        self.whole: dict[str, str] = {}
        self.bare: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        for image in images:
            name = normalize("NFC", image)
            own = name.rpartition("/")[2]
            self.whole[own.lower()] = image
            self.bare[stem(own)] = image
            if "/" in name:
                self.paths[stem(name)] = image

    def may_be_in(self, text: str, read: float) -> bool:
        """False where `text`, a part of a file of that size, names too few of some images.

        That takes a hundredth of the time of a look at every word.
        """
        step = 1 + len(self.bare) // TRIED
        tried = list(islice(self.bare, 0, None, step))
        return read * len(tried) < SURE or any(name in text for name in tried)

    def image(self, word: str) -> tuple[str, bool] | None:
        """The image that `word` names, and whether that is beyond doubt; None if it names none."""
        word = word.replace("\\", "/").removeprefix("./")
        own, *others = base_names(word)
        if found := self.whole.get(own.lower()) or self.paths.get(word):
            return found, True
        if found := next(filter(None, (self.whole.get(other.lower()) for other in others)), None):
            return found, True
        found = self.bare.get(own)
        return found and (found, False)


@dataclass(frozen=True)
class ImageMentions:
    """What a file has to do with a folder's images.

    whole: the share of the images that it names with their suffix or their folder.
    bare: the share that it names in any way.
    said: the share of what it names beside which stands a text that may be a caption; no measure,
        time, checksum, or what stands everywhere.
    numbers: whether those are nothing but small numbers. single: whether it is one of each.
    lines: how many lines aren't empty; None in a big file. texts: some of them.
    """

    whole: float = 0.0
    bare: float = 0.0
    said: float = 0.0
    numbers: bool = False
    single: bool = False
    lines: int | None = None
    texts: Sequence[str] = ()


def find_mentions(path: Path, names: ImageNameIndex) -> ImageMentions:
    """Look through `path`; nothing in it if it is no text, table or spreadsheet."""
    try:
        text, read = _text(path)
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError):
        return ImageMentions()
    lines = [line.strip() for line in text.splitlines() if line.strip()] if read == 1 else None
    text = normalize("NFC", text)
    if not names.may_be_in(text, read):
        return ImageMentions(lines=_lines(path, lines), texts=lines or ())
    words = list(_words(text, names))
    named = [found for _, found in words if found]
    whole = {image for image, sure in named if sure}
    # Of so small a part of a file one can't tell what share of few images it names.
    count = max(names.count * read, min(names.count, FEW)) or 1
    only_sure = len(whole) >= count / 2
    bare = {image for image, _ in named}
    if not only_sure and len(named) > OFTEN * len(bare):  # numbers, or words, as they are anywhere
        bare = whole
    said = list(_said(words, only_sure))
    different = {word for some in said for word in some}
    share = sum(map(bool, said)) / max(1, len(said))
    if path.suffix.lower() == ".json":  # images and captions may be in two lists
        share = max(share, len(different) / max(1, len(said)))
    return ImageMentions(
        min(1.0, len(whole) / count),
        min(1.0, len(bare) / count),
        min(1.0, share),
        all(map(_SMALL_NUMBER.fullmatch, different)),
        sum(map(len, said)) <= len(said),
        _lines(path, lines),
        lines or (),
    )


def _words(text: str, names: ImageNameIndex) -> Iterator[_Word]:
    """The words of `text`, and an empty one at the end of each line."""
    for line in text.splitlines():
        for piece in map(str.strip, _BORDERS.split(line)):
            if found := piece and names.image(piece):
                yield piece, found
                continue
            for word in piece.split():
                name, colon, rest = word.partition(":")
                if colon and (found := names.image(name)):
                    yield name, found
                    word = rest
                if word:
                    yield word, names.image(word)
        yield "", None


def _said(words: Sequence[_Word], only_sure: bool) -> Iterator[list[str]]:
    """Of the words after each name those that may be its caption.

    None if the first is mostly the name itself: then the names are the captions.
    """
    residues: list[list[str]] = []
    before, echoes = None, 0
    for word, found in words:
        if found and (found[1] or not only_sure):
            residues.append([])
        elif residues:
            residues[-1].append(word)
            echoes += bool(found and before and found[0] == before[0])
        before = found
    if 2 * echoes > len(residues):
        return
    counts = Counter(word for some in residues for word in set(some))
    common = max(1, len(residues) // 2)
    for some in residues:
        yield [w for w in some if counts[w] <= common and not _NO_CAPTION.fullmatch(w)]


def _text(path: Path) -> tuple[str, float]:
    """The text of a file or a sample of it, and how much of the whole that is, 0 to 1."""
    if path.suffix.lower() in SPREADSHEETS:
        return _spreadsheet(path), 1.0
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= SAMPLE:
            content, read = file.read(), 1.0
        else:
            blocks = []
            for block in range(BLOCKS):
                file.seek(block * (size // BLOCKS))
                blocks.append(file.read(SAMPLE // BLOCKS))
            content, read = b"\n".join(blocks), SAMPLE / size
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace"), read
    if b"\0" in content and content.count(b"\0") < len(content) // 4 and not _is_old(path):
        return "", read
    return content.replace(b"\0", b"").decode("utf-8-sig", "replace"), read


def _is_old(path: Path) -> bool:
    """Whether it is a table in a binary format whose texts stand in it as they are."""
    return path.suffix.lower() in (".xls", ".parquet", ".arrow", ".feather", ".db", ".sqlite")


def _spreadsheet(path: Path) -> str:
    with zipfile.ZipFile(path) as whole:
        parts = [part for part in _PARTS_OF_SPREADSHEETS if part in whole.namelist()]
        texts = [whole.open(part).read(SAMPLE).decode("utf-8", "replace") for part in parts]
    return re.sub(r"<[^>]*>", "\n", "\n".join(texts))


def _lines(path: Path, lines: Sequence[str] | None) -> int | None:
    """How many lines aren't empty; None in a spreadsheet and a big file."""
    if path.suffix.lower() in SPREADSHEETS:
        return None
    if lines is not None:
        return len(lines)
    if path.stat().st_size > COUNTED:
        return None
    return sum(bool(line.strip()) for line in path.read_bytes().splitlines())
