"""Findings about what training overlooks: images, and captions that are elsewhere."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from PIL import Image

from ocr.data.images.formats import CAMERA_RAW, FORMATS, UNSUPPORTED_SUFFIXES
from ocr.data.images.loading import DECODE_ERRORS
from ocr.data.sources.file_name_check import SOME, check_file_names
from ocr.data.sources.folder import Folder
from ocr.data.sources.sidecar import find_sidecar_suffixes, find_sidecars
from ocr.data.sources.unused_caption_files import UnusedCaptionFile
from ocr.doctor.checks.formats import suffix_of
from ocr.doctor.finding import Finding, mended_by
from ocr.doctor.scan import Examination
from ocr.doctor.set_aside import real_path
from ocr.errors import UserError

TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".md")
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".xls", ".xlsx", ".ods", ".parquet")
OPENED = 1000  # files without an image's suffix, at most: they may be anything, and many


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    others = [other for place in _places(seen) for other in _others(seen, place)]
    yield from _suffixes(seen, [o for o in others if not o.is_dir() and str(o) not in seen.looks])
    yield from _subfolders(seen, [other for other in others if other.is_dir()])
    if not (seen.config.data.labels or seen.config.data.pattern):
        origins = seen.data.captions.origins
        named = [place for part, place in seen.data.dirs.items() if origins.get(part) == "name"]
        unread = [file for files in seen.data.captions.unread.values() for file in files]
        unread = [file for file in unread if not file.harmless]
        yield from _unread(seen, unread)
        told = {file.path for file in unread} | _texts_beside(seen, named)
        tables = [file for file in others if file.parent in named and file not in told]
        yield from _tables(seen, tables)
        yield from _doubtful_names(seen, named)


def _texts_beside(seen: Examination, places: Sequence[Path]) -> set[Path]:
    """The files of one image each, of which `_doubtful_names` tells."""
    return {
        folder.path / text
        for folder in map(seen.data.captions.folder, places)
        for scheme in find_sidecar_suffixes(folder)
        if scheme.share >= SOME
        for text in find_sidecars(folder, scheme.suffix).values()
    }


def _places(seen: Examination) -> list[Path]:
    """The parts' folders, each once."""
    return [*{place.resolve(): place for place in seen.data.dirs.values()}.values()]


def _others(seen: Examination, place: Path) -> Iterator[Path]:
    """What lies in a part's folder and is no image by its name."""
    if place.is_dir():
        folder = seen.data.captions.folder(place)
        images = set(folder.images)
        yield from (place / name for name in folder.files if name not in images)


def _suffixes(seen: Examination, files: list[Path]) -> Iterator[Finding]:
    raw = CAMERA_RAW  # of which a part can be read as TIFF, but not the image
    unknown = (file for file in files if file.suffix.lower() not in (*TEXTS, *raw))
    formats = {file: form for file in islice(unknown, OPENED) if (form := _format(file))}
    if not formats:
        return
    # A suffix of another format goes, as it would be a part of the caption.
    plain = {file: file.with_suffix("") if _is_format(file.suffix) else file for file in formats}
    commands = [
        f"mv -n -- {shlex.quote(str(file))} {shlex.quote(f'{plain[file]}{suffix_of(form)}')}"
        for file, form in formats.items()
    ]
    yield Finding(
        "no_image_suffix",
        "images whose names don't say so",
        len(formats),
        [f"{seen.short(str(file))}: {form} inside" for file, form in formats.items()],
        "doesn't look at them",
        mended_by(seen, "no_image_suffix", commands),
        commands,
    )


def _is_format(suffix: str) -> bool:
    return suffix.lower() in UNSUPPORTED_SUFFIXES


def _subfolders(seen: Examination, folders: list[Path]) -> Iterator[Finding]:
    parts = {place.resolve() for place in seen.data.dirs.values()}
    below = []
    for folder in folders:
        if folder.name.startswith(".") or folder.is_symlink() or folder.resolve() in parts:
            continue
        with suppress(UserError):  # it can't be listed
            below += [str(folder / name) for name in Folder(folder, recursive=True).images]
    used = set(map(real_path, seen.looks)) if below else ()  # rows of a table name them
    below = [name for name in below if real_path(name) not in used]
    if below:
        yield Finding(
            "subfolders",
            "images in subfolders",
            len(below),
            [seen.short(name) for name in below],
            "doesn't look at them",
            _looked_at(seen, parts),
            harmless=True,
        )


def _looked_at(seen: Examination, parts: Collection[Path]) -> str:
    """How training gets to look at images in subfolders."""
    if seen.tables:
        return f"add their rows to {' and '.join(seen.tables)}"
    if any(one in other.parents for one in parts for other in parts):
        # With all subfolders, those of the other parts would be looked at, too.
        return f"move them into {seen.data.dirs['train']} itself"
    return seen.train("data.recursive=true")


def _unread(seen: Examination, files: list[UnusedCaptionFile]) -> Iterator[Finding]:
    if files:
        yield Finding(
            "unread_captions",
            "files that may hold the captions of these images",
            len(files),
            [seen.short(file.text) for file in files],
            "doesn't read them, and takes the images' names as captions",
            files[0].override,
        )


def _tables(seen: Examination, others: list[Path]) -> Iterator[Finding]:
    tables = [
        file
        for file in others
        if file.suffix.lower() in TABLES and not file.name.startswith(".") and file.is_file()
    ]
    if tables:
        yield Finding(
            "unread_tables",
            "files beside the images that may hold captions",
            len(tables),
            [seen.short(str(file)) for file in tables],
            "doesn't read them, and takes the images' names as captions",
            "if they hold captions: save them as labels.csv, with the columns file and label",
            harmless=True,
        )


def _doubtful_names(seen: Examination, places: list[Path]) -> Iterator[Finding]:
    folders = [seen.data.captions.folder(place) for place in places]
    doubts = {doubt: folder for folder in folders if (doubt := check_file_names(folder))}
    for doubt, folder in [*doubts.items()][:1]:
        yield Finding(
            doubt.kind,
            "names that may be no captions",
            len(folder.images),
            [seen.short(str(folder.path / name)) for name in folder.images],
            "takes them as captions",
            f"{doubt.text[0].lower()}{doubt.text[1:]}",
            harmless=doubt.harmless,
        )


def _format(file: Path) -> str | None:
    """Of an image, by what is in it; None if it is none."""
    with suppress(*DECODE_ERRORS):
        if file.is_file():
            with Image.open(file, formats=FORMATS) as image:
                return image.format
    return None
