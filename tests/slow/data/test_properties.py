"""Whatever bytes and names come in: captions and images come out, or a reason in one line.

OCR_CASES=20 looks twenty times as long, at other cases each time.
"""

import csv
import io
import json
import os
import resource
import struct
import tempfile
import time
import warnings
import zlib
from pathlib import Path
from unicodedata import is_normalized

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr.data.images.preprocessing import MAX_WIDTH, Preprocessor
from ocr.data.samples import Sample, Skipped
from ocr.data.sources.caption_source import Row
from ocr.data.sources.captions import CaptionFinder
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file import Columns, read_labels
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import CASES, FORMS, TextNormalizer, find_control_character
from ocr.errors import UserError

MORE = int(os.environ.get("OCR_CASES", "1"))


def cases(number: int) -> settings:
    return settings(
        max_examples=number * MORE,
        deadline=None,
        derandomize=MORE == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# Numbers that a header might claim, in two and four bytes, either end first.
SIZES = [struct.pack(form, n) for form in ("<H", ">H") for n in (0, 1, 9_000, 40_000, 65_535)] + [
    struct.pack(form, n)
    for form in ("<I", ">I")
    for n in (0, 1, 9_000, 65_536, 100_000, 2**31 - 1, 2**31, 2**32 - 1)
]


@st.composite
def damaged(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """One of `contents` with bytes changed, added, taken out, repeated, or the end cut off."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 2**16)) % (len(content) + 1)
        length = draw(st.integers(0, 8))
        match draw(st.sampled_from(["change", "add", "take", "repeat", "size", "cut"])):
            case "change":
                content[start : start + length] = draw(st.binary(min_size=length, max_size=length))
            case "add":
                content[start:start] = draw(st.binary(max_size=8))
            case "take":
                del content[start : start + length]
            case "repeat":
                content[start:start] = content[start : start + 40]
            case "size":
                size = draw(st.sampled_from(SIZES))
                content[start : start + len(size)] = size
            case "cut":
                del content[start:]
    return bytes(content)


def is_one_line(error: UserError) -> bool:
    return str(error).splitlines() == [str(error)] and str(error) != ""


# Labels files

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
FILES = st.text("abc019._- é日/\\,;\t\"'", min_size=1, max_size=8).map(lambda name: name + ".png")
PAIRS = st.lists(st.tuples(FILES, TEXT), min_size=1, max_size=4)


def table(pairs: list[tuple[str, str]], delimiter: str, end: str = "\n") -> bytes:
    file = io.StringIO(newline="")
    # Else csv leaves a lone \r without quotes, which ends a row for every reader, its own included.
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, delimiter=delimiter, lineterminator=end)
    writer.writerows([("file", "label"), *pairs])
    return file.getvalue().encode()


def objects(pairs: list[tuple[str, str]], ascii: bool) -> bytes:
    lines = [json.dumps({"file_name": f, "text": t}, ensure_ascii=ascii) for f, t in pairs]
    return "\n".join(lines).encode()


def as_file(suffix: str, pairs: list[tuple[str, str]]) -> bytes:
    if suffix == ".txt":
        return "\n".join(f"{file}\t{text}" for file, text in pairs).encode()
    if suffix in (".jsonl", ".ndjson"):
        return objects(pairs, ascii=True)
    return table(pairs, "\t" if suffix == ".tsv" else ",")


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("delimiter,name", [(",", "l.csv"), (";", "l.csv"), ("\t", "l.tsv")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@cases(100)
@given(pairs=PAIRS)
def test_a_table_gives_back_what_was_written(place, delimiter, name, end, pairs):
    (place / name).write_bytes(table(pairs, delimiter, end))
    assert [(row.file, row.text) for row in read_labels(place / name, Columns())] == pairs


@pytest.mark.parametrize("ascii", [True, False])
@cases(100)
@given(pairs=PAIRS)
def test_json_lines_give_back_what_was_written(place, ascii, pairs):
    (place / "l.jsonl").write_bytes(objects(pairs, ascii))
    assert [(row.file, row.text) for row in read_labels(place / "l.jsonl", Columns())] == pairs


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".txt"])
@cases(600)
@given(data=st.data())
def test_any_bytes_are_rows_or_one_line(place, suffix, data):
    valid = PAIRS.map(lambda pairs: as_file(suffix, pairs))
    content = data.draw(st.one_of(damaged(valid), damaged(st.binary(max_size=60))))
    path = place / f"l{suffix}"
    path.write_bytes(content)
    try:
        rows = read_labels(path, Columns())
    except UserError as error:
        assert str(path) in str(error) and is_one_line(error)
    else:
        assert rows and all(isinstance(row, Row | Skipped) for row in rows)


# Whole folders

# What any file system takes; on some, also names that are no Unicode.
NAMES = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=["Cs"]) | st.just("\udcfc"),
    min_size=1,
    max_size=12,
).map(lambda name: name + ".png")


@cases(500)
@given(
    names=st.lists(NAMES, max_size=4, unique=True),
    labels=st.sampled_from([None, "name", ".gt.txt", "labels.csv", "l.jsonl", "l.txt"]),
    pattern=st.sampled_from([None, "label_id", "id-label", "group/label", "group_id"]),
    others=st.dictionaries(
        st.sampled_from(["labels.csv", "l.jsonl", "l.txt", "x.tsv"]), st.integers(0, 2), max_size=2
    ),
    recursive=st.booleans(),
    texts=st.lists(TEXT, min_size=4, max_size=4),
    noise=damaged(st.just(b"file,label\n")),
)
def test_no_image_of_a_folder_is_lost(names, labels, pattern, others, recursive, texts, noise):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            for name, text in zip(names, texts):
                (folder / name).touch()
                if len(texts[0]) % 2:
                    (folder / name.removesuffix(".png")).with_suffix(".gt.txt").write_bytes(
                        text.encode()
                    )
        except OSError:
            assume(False)
        readable = [name for name in names if "\udcfc" not in name]
        for other, kind in others.items():
            pairs = list(zip(readable, texts))
            content = noise if kind == 2 else as_file(Path(other).suffix, pairs[kind:])
            (folder / other).write_bytes(content)
        try:
            captions = CaptionFinder(
                TextNormalizer("NFC", "keep", True),
                labels,
                pattern and FileNamePattern(pattern),
                recursive=recursive,
            )
            found = captions.find({"train": folder})["train"]
        except UserError as error:
            assert str(error)
            return
        for one in found:
            if isinstance(one, Sample):
                assert find_control_character(one.text) is None and is_normalized("NFC", one.text)
                one.text.encode()
                assert Path(one.name).is_file()
            else:
                f"{one.name}{one.text}".encode()
        kept = [one.name for one in found if isinstance(one, Sample)]
        assert len(kept) == len(set(kept))
        if labels == "name" and pattern != "group/label":
            assert len(found) == len(Folder(folder, recursive).images)


# Patterns and spelling

EXPRESSIONS = st.lists(
    st.sampled_from(
        [*"ab01._-/ ()[]{}?*+|\\^$<>:=!,", "(?P<label>", "(?P<group>", ".*", "[^_]+", ")", "label"]
    ),
    max_size=12,
).map("".join)


@cases(1500)
@given(pattern=EXPRESSIONS | st.text(max_size=10), names=st.lists(st.text("ab01._-", max_size=12)))
def test_any_pattern_gives_labels_or_one_line(pattern, names):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            matches = FileNamePattern(pattern).matches(names)
        except UserError as error:
            assert str(error).startswith("data.pattern=")
            return
    assert len(matches) == len(names)
    for match in matches:
        assert match is None or all(isinstance(part, str) for part in match)


@cases(1200)
@given(
    text=st.text(max_size=20),
    form=st.sampled_from([*FORMS, None]),
    case=st.sampled_from([*CASES]),
    strip=st.booleans(),
)
@example(text=" \u0345", form="NFC", case="upper", strip=True)
@example(text="\u00a0\u0301a", form="NFKC", case="keep", strip=True)
def test_what_is_spelt_well_stays(text, form, case, strip):
    spelling = TextNormalizer(form, case, strip)
    spelt = spelling.normalize([text])
    assert spelling.normalize(spelt) == spelt
    assert form is None or is_normalized(form, spelt[0])
    assert not strip or spelt[0] == spelt[0].strip()


# Images


def encoded() -> list[bytes]:
    """Small images of every kind that we read."""
    ramp = Image.linear_gradient("L").resize((23, 9))
    kinds = {
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        "JPEG": ("L", "RGB", "CMYK"),
        "BMP": ("1", "L", "P", "RGB", "RGBA"),
        "GIF": ("L", "P", "RGB"),
        "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"),
        "WEBP": ("L", "RGB", "RGBA"),
    }
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "text"
    options = {
        "PNG": [{}, {"exif": exif}],
        "JPEG": [{}, {"progressive": True, "exif": exif}],
        "BMP": [{}],
        "GIF": [{}, {"transparency": 3}],
        "TIFF": [{}, *({"compression": c} for c in ("tiff_lzw", "tiff_adobe_deflate", "packbits"))],
        "WEBP": [{}, {"lossless": True}],
    }
    files = []
    for kind, modes in kinds.items():
        for mode in modes:
            for more in options[kind]:
                file = io.BytesIO()
                ramp.convert(mode).save(file, kind, **more)
                files.append(file.getvalue())
    return files


def with_checksums(content: bytes) -> bytes:
    """A PNG whose damage doesn't show in its chunks' checksums, so that it gets further."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    mended, at = bytearray(content), 8
    while at + 12 <= len(mended):
        (length,) = struct.unpack_from(">I", mended, at)
        end = at + 8 + length
        if end + 4 > len(mended):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(mended[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def peak() -> float:
    """The most memory that this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("width,channels", [(None, 1), (40, 3)])
@cases(2200)
@given(content=damaged(st.sampled_from(encoded())).map(with_checksums) | st.binary(max_size=200))
def test_any_bytes_are_an_image_or_one_line(width, channels, content):
    before, start = peak(), time.monotonic()
    try:
        image = Preprocessor(16, width, channels).decode(content, "A1.png")
    except UserError as error:
        assert str(error).startswith("A1.png: ") and is_one_line(error)
    else:
        assert image.shape[:2] == (channels, 16)
        assert 1 <= image.shape[2] <= MAX_WIDTH
        assert width is None or image.shape[2] == width
    assert peak() - before < 1_000
    assert time.monotonic() - start < 10
