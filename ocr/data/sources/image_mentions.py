"""Find out whether a file names images and has a text for each; large files are sampled."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ocr.data.images.formats import SUFFIXES
from ocr.data.sources.image_names import ImageNameIndex

SAMPLE_BYTES = 2**18
SAMPLE_BLOCKS = 16  # blocks of a file that make a sample
MIN_IMAGES = 20  # with fewer, the share of images in a sample is not reliable
MAX_REPEATS = 2  # mean occurrences of names without suffix; if there are more, they are words
MAX_COUNTED_BYTES = 2**23  # larger files are not read to count their lines
SPREADSHEETS = (".xlsx", ".ods")
_SPREADSHEET_PARTS = ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "content.xml")
# Binary formats that hold their texts uncompressed.
_BINARY_TABLES = (".xls", ".parquet", ".arrow", ".feather", ".db", ".sqlite")

_BORDERS = re.compile(r"[\t,;|\"<>{}\[\]()=']+")
# Files, measures, dates, times, checksums, parts of a split and constants.
_NOT_A_CAPTION = re.compile(
    rf".*(?:{'|'.join(map(re.escape, SUFFIXES))})|"
    r"-?\d*\.\d+(?:e-?\d+)?\w{0,2}|\d{2,4}([-/.])\d\d\1\d{2,4}|\d\d:\d\d(?::\d\d\S*)?|"
    r"[0-9a-f]{32,128}|train|val|valid|validation|test|true|false|none|null|nan|[^\w]*",
    re.IGNORECASE,
)
_SMALL_NUMBER = re.compile(r"0|[1-9]\d{0,2}")
_Word = tuple[str, tuple[str, bool] | None]  # a word, and the result of `ImageNameIndex.find`


@dataclass(frozen=True)
class ImageMentions:
    """How a file mentions a folder's images.

    Attributes:
        fully_named: The share of images named with their suffix or their folder.
        named: The share of images named in any way.
        captioned: The share of names that are followed by a possible caption.
        only_numbers: Whether all these captions are small numbers.
        single: Whether no name is followed by several of them.
        lines: The number of lines that aren't empty; None for a spreadsheet or a large file.
        texts: These lines; empty if only a sample was read.
    """

    fully_named: float = 0.0
    named: float = 0.0
    captioned: float = 0.0
    only_numbers: bool = False
    single: bool = False
    lines: int | None = None
    texts: Sequence[str] = ()

    @property
    def may_hold_captions(self) -> bool:
        """Whether the file may have captions for at least half of the images."""
        return self.named >= 0.5 and self.captioned >= 0.5


def find_mentions(path: Path, images: ImageNameIndex) -> ImageMentions:
    """Look for the names of images in a file; find nothing if it is not a text file or a table."""
    try:
        text, share = _read(path)
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError):
        return ImageMentions()
    lines = [line.strip() for line in text.splitlines() if line.strip()] if share == 1 else None
    line_count, texts = _count_lines(path, lines), lines or ()
    text = normalize("NFC", text)
    if not images.may_occur_in(text, share):
        return ImageMentions(lines=line_count, texts=texts)
    words = list(_words(text, images))
    named = [found for _, found in words if found]
    full = {image for image, is_full in named if is_full}
    expected = max(images.count * share, min(images.count, MIN_IMAGES)) or 1
    only_full = len(full) >= expected / 2
    mentioned = {image for image, _ in named}
    if not only_full and len(named) > MAX_REPEATS * len(mentioned):
        mentioned = full
    captions = list(_captions(words, only_full))
    different = {word for some in captions for word in some}
    captioned = sum(map(bool, captions)) / max(1, len(captions))
    if path.suffix.lower() == ".json":  # images and captions may be in two lists
        captioned = max(captioned, len(different) / max(1, len(captions)))
    return ImageMentions(
        fully_named=min(1.0, len(full) / expected),
        named=min(1.0, len(mentioned) / expected),
        captioned=min(1.0, captioned),
        only_numbers=all(map(_SMALL_NUMBER.fullmatch, different)),
        single=sum(map(len, captions)) <= len(captions),
        lines=line_count,
        texts=texts,
    )


def _words(text: str, images: ImageNameIndex) -> Iterator[_Word]:
    """Yield the words of a text, and an empty word at the end of each line."""
    for line in text.splitlines():
        for piece in map(str.strip, _BORDERS.split(line)):
            if piece and (found := images.find(piece)):
                yield piece, found
                continue
            for word in piece.split():
                name, colon, rest = word.partition(":")
                if colon and (found := images.find(name)):
                    yield name, found
                    word = rest
                if word:
                    yield word, images.find(word)
        yield "", None


def _captions(words: Sequence[_Word], only_full: bool) -> Iterator[list[str]]:
    """Yield the words after each name that may be its caption.

    Yield nothing if most names are followed by the same name, as those are captions themselves.
    """
    following: list[list[str]] = []
    before, repeats = None, 0
    for word, found in words:
        if found and (found[1] or not only_full):
            following.append([])
        elif following:
            following[-1].append(word)
            repeats += bool(found and before and found[0] == before[0])
        before = found
    if 2 * repeats > len(following):
        return
    counts = Counter(word for some in following for word in set(some))
    common = max(1, len(following) // 2)
    for some in following:
        yield [w for w in some if counts[w] <= common and not _NOT_A_CAPTION.fullmatch(w)]


def _read(path: Path) -> tuple[str, float]:
    """Read the text of a file or a sample of it, and return its share of the whole, 0 to 1."""
    if path.suffix.lower() in SPREADSHEETS:
        return _read_spreadsheet(path), 1.0
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= SAMPLE_BYTES:
            content, share = file.read(), 1.0
        else:
            blocks = []
            for block in range(SAMPLE_BLOCKS):
                file.seek(block * (size // SAMPLE_BLOCKS))
                blocks.append(file.read(SAMPLE_BYTES // SAMPLE_BLOCKS))
            content, share = b"\n".join(blocks), SAMPLE_BYTES / size
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace"), share
    zeros = content.count(b"\0")
    if 0 < zeros < len(content) // 4 and path.suffix.lower() not in _BINARY_TABLES:
        return "", share
    return content.replace(b"\0", b"").decode("utf-8-sig", "replace"), share


def _read_spreadsheet(path: Path) -> str:
    with zipfile.ZipFile(path) as whole:
        parts = [part for part in _SPREADSHEET_PARTS if part in whole.namelist()]
        texts = [whole.open(part).read(SAMPLE_BYTES).decode("utf-8", "replace") for part in parts]
    return re.sub(r"<[^>]*>", "\n", "\n".join(texts))


def _count_lines(path: Path, lines: Sequence[str] | None) -> int | None:
    """Count the lines that aren't empty; return None for a spreadsheet or a large file."""
    if path.suffix.lower() in SPREADSHEETS:
        return None
    if lines is not None:
        return len(lines)
    if path.stat().st_size > MAX_COUNTED_BYTES:
        return None
    return sum(bool(line.strip()) for line in path.read_bytes().splitlines())
