"""Images in unsupported formats."""

import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ocr.data.images.formats import find_unsupported
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.image_stats import ImageProblem
from ocr.doctor.repair import MAX_INLINE
from ocr.doctor.scan import FolderScan


def unsupported_format(scan: FolderScan) -> Finding | None:
    """Find HEIC, JPEG XL, camera raw and other images, by content or extension."""
    formats = {
        name: str(scan.stats[name].format)
        for name in scan.undecodable(ImageProblem.UNSUPPORTED_FORMAT)
    }
    for path in dict.fromkeys(scan.source.dirs.values()):
        if path.is_dir():
            files = scan.source.captions.folder(path).files
            found = find_unsupported(path, files)
            formats |= {str(path / name): form for name, form in found.items()}
    if not formats:
        return None
    counts = Counter(formats.values()).most_common()
    renamed = any(Path(name).suffix.lower() != ".png" for name in formats)
    rows = f", and change the names in {' and '.join(scan.tables)}"
    return Finding(
        Kind.UNSUPPORTED_FORMAT,
        Severity.WARNING,
        "images of an unsupported format "
        f"({', '.join(f'{form} {count:,}' for form, count in counts)})",
        len(formats),
        [f"{scan.short_name(name)}: {form}" for name, form in formats.items()],
        "training skips them",
        Fix(
            f"save them as PNG{rows if scan.tables and renamed else ''}, for example with "
            f"ImageMagick: {_conversion_command(formats)}"
        ),
    )


def _conversion_command(names: Iterable[str]) -> str:
    """Return a command that converts to PNG, with a glob for each folder and extension."""
    pngs = [name for name in names if Path(name).suffix.lower() == ".png"]
    others = [Path(name) for name in names if Path(name).suffix.lower() != ".png"]
    groups = dict.fromkeys((str(file.parent), file.suffix) for file in others)
    words = [shlex.quote(name) for name in pngs]
    words += [f"{shlex.quote(folder)}/*{suffix}" for folder, suffix in groups]
    more = " ..." if len(words) > MAX_INLINE else ""
    return f"magick mogrify -format png {' '.join(words[:MAX_INLINE])}{more}"
