"""Images whose file names have no image extension."""

import shlex
from contextlib import suppress
from itertools import islice
from pathlib import Path

from PIL import Image

from ocr.data.images.formats import CAMERA_RAW, FORMATS, UNSUPPORTED_SUFFIXES
from ocr.data.images.loading import DECODE_ERRORS
from ocr.doctor.checks.wrong_extension import extension_of
from ocr.doctor.finding import Finding, Kind, Severity
from ocr.doctor.repair import command_fix
from ocr.doctor.scan import FolderScan

TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".md")
MAX_OPENED = 1000  # files; a folder may hold very many other files


def missing_extension(scan: FolderScan) -> Finding | None:
    """Find images that training overlooks because of their names."""
    # Pillow reads only the thumbnail of a camera's raw file.
    skip = (*TEXTS, *CAMERA_RAW)
    files = (
        file
        for file in scan.other_files
        if not file.is_dir() and str(file) not in scan.stats and file.suffix.lower() not in skip
    )
    formats = {file: form for file in islice(files, MAX_OPENED) if (form := _format_inside(file))}
    if not formats:
        return None
    kind = Kind.MISSING_EXTENSION
    commands = [
        f"mv -n -- {shlex.quote(str(file))} {shlex.quote(f'{_base(file)}{extension_of(form)}')}"
        for file, form in formats.items()
    ]
    return Finding(
        kind,
        Severity.WARNING,
        "images without an image's file extension",
        len(formats),
        [f"{scan.short_name(str(file))}: {form} inside" for file, form in formats.items()],
        "training does not use them",
        command_fix(scan, kind, "rename the files", commands),
    )


def _base(file: Path) -> Path:
    """Drop the extension of an unsupported format, which would become part of the caption."""
    return file.with_suffix("") if file.suffix.lower() in UNSUPPORTED_SUFFIXES else file


def _format_inside(file: Path) -> str | None:
    with suppress(*DECODE_ERRORS):
        if file.is_file():
            with Image.open(file, formats=FORMATS) as image:
                return image.format
    return None
