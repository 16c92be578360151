"""Images with the file extension of another format."""

import shlex
from functools import lru_cache
from pathlib import Path

from PIL import Image

from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.repair import command_fix
from ocr.doctor.scan import FolderScan


def wrong_extension(scan: FolderScan) -> Finding | None:
    """Find images such as a JPEG that is called .png."""
    wrong = {
        name: stats.format
        for name, stats in scan.readable.items()
        if stats.format and _format_of(name.rpartition(".")[2].lower()) not in (stats.format, None)
    }
    if not wrong:
        return None
    kind = Kind.WRONG_EXTENSION
    commands = [
        f"mv -n -- {shlex.quote(name)} "
        f"{shlex.quote(str(Path(name).with_suffix(extension_of(form))))}"
        for name, form in wrong.items()
    ]
    return Finding(
        kind,
        Severity.INFO,
        "images with the extension of another format",
        len(wrong),
        [f"{scan.short_name(name)}: {form} inside" for name, form in wrong.items()],
        "training reads them as what they are; other programs may not",
        Fix(f"rename them, and change {' and '.join(scan.tables)} accordingly")
        if scan.tables
        else command_fix(scan, kind, "rename the files", commands),
    )


def extension_of(form: str) -> str:
    """Return the usual file extension of a format, with its dot."""
    return {"JPEG": ".jpg", "TIFF": ".tif"}.get(form, f".{form.lower()}")


@lru_cache
def _format_of(suffix: str) -> str | None:
    return Image.registered_extensions().get(f".{suffix}")
