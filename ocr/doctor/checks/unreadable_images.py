"""Image files that can't be decoded."""

from ocr.doctor.finding import Finding, Kind, Severity
from ocr.doctor.image_stats import ImageProblem
from ocr.doctor.repair import removal_fix
from ocr.doctor.scan import FolderScan


def truncated_images(scan: FolderScan) -> Finding | None:
    """Find files that end too early; they may still hold most of the image."""
    return _finding(scan, Kind.TRUNCATED_IMAGES, "truncated images", ImageProblem.TRUNCATED)


def unreadable_images(scan: FolderScan) -> Finding | None:
    """Find files that are damaged in another way, or hold no image."""
    return _finding(
        scan,
        Kind.UNREADABLE_IMAGES,
        "unreadable images",
        ImageProblem.DAMAGED,
        ImageProblem.NO_IMAGE,
    )


def _finding(scan: FolderScan, kind: Kind, message: str, *problems: ImageProblem) -> Finding | None:
    skipped = scan.undecodable(*problems)
    if not skipped:
        return None
    return Finding(
        kind,
        Severity.WARNING,
        message,
        len(skipped),
        [f"{scan.short_name(name)}: {s.text}" for name, s in skipped.items()],
        "training skips them",
        removal_fix(scan, kind, list(skipped)),
    )
