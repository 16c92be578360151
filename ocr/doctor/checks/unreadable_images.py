"""Image files that can't be decoded."""

from ocr.doctor.finding import Finding, Kind, Severity
from ocr.doctor.repair import remove_images
from ocr.doctor.scan import FolderScan
from ocr.doctor.skip_reasons import SkipReason


def truncated_images(scan: FolderScan) -> Finding | None:
    """Find files that end too early; most of the image may be there."""
    return _finding(scan, Kind.TRUNCATED_IMAGES, SkipReason.TRUNCATED, "truncated images")


def unreadable_images(scan: FolderScan) -> Finding | None:
    """Find files that are damaged otherwise, or hold no image."""
    return _finding(scan, Kind.UNREADABLE_IMAGES, SkipReason.UNREADABLE, "unreadable images")


def _finding(scan: FolderScan, kind: Kind, reason: SkipReason, message: str) -> Finding | None:
    skipped = scan.skipped(reason)
    if not skipped:
        return None
    return Finding(
        kind,
        Severity.WARNING,
        message,
        len(skipped),
        [f"{scan.short_name(name)}: {s.reason}" for name, s in skipped.items()],
        "training skips them",
        remove_images(scan, kind, list(skipped)),
    )
