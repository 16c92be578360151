"""Images that show nothing."""

from ocr.doctor.finding import Finding, Kind, Severity
from ocr.doctor.repair import removal_fix
from ocr.doctor.scan import FolderScan

MIN_INK = 0.002  # share of the pixels; a full stop has more


def transparent_blank(scan: FolderScan) -> Finding | None:
    """Find transparent images that are blank on a white and on a black background."""
    names = _transparent_blank(scan)
    if not names:
        return None
    return Finding(
        Kind.TRANSPARENT_BLANK,
        Severity.WARNING,
        "transparent images that are blank on any background",
        len(names),
        [scan.short_name(name) for name in names],
        "training puts them on a white or black background, and learns to guess their captions",
        removal_fix(scan, Kind.TRANSPARENT_BLANK, names),
    )


def blank_images(scan: FolderScan) -> Finding | None:
    """Find images without contrast or with hardly any ink."""
    transparent = set(_transparent_blank(scan))
    blank = {
        name: stats
        for name, stats in scan.readable.items()
        # Another frame may show the text; `multiple_frames` reports those images.
        if stats.frames == 1 and (stats.is_flat or stats.ink < MIN_INK) and name not in transparent
    }
    if not blank:
        return None
    return Finding(
        Kind.BLANK_IMAGES,
        Severity.WARNING,
        "blank or nearly blank images",
        len(blank),
        [f"{scan.short_name(name)}: {stats.ink:.2%} ink" for name, stats in blank.items()],
        "training learns to guess their captions",
        removal_fix(scan, Kind.BLANK_IMAGES, list(blank)),
    )


def _transparent_blank(scan: FolderScan) -> list[str]:
    return [
        name
        for name, stats in scan.readable.items()
        if stats.frames == 1 and stats.is_flat and stats.transparent
    ]
