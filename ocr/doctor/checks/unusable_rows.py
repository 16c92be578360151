"""Rows, file names and text files that give an image no usable caption."""

import re
from collections.abc import Set
from pathlib import Path

from ocr.data.samples import SkipReason
from ocr.data.sources.folder import stem
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.repair import removal_fix
from ocr.doctor.scan import FolderScan


def empty_captions(scan: FolderScan) -> Finding | None:
    """Find captions without characters."""
    return _finding(
        scan,
        Kind.EMPTY_CAPTIONS,
        {SkipReason.EMPTY_CAPTION},
        "captions without characters",
        "write the captions",
    )


def missing_images(scan: FolderScan) -> Finding | None:
    """Find rows that name an image that doesn't exist."""
    return _finding(
        scan,
        Kind.MISSING_IMAGES,
        {SkipReason.MISSING_FILE},
        "rows whose image does not exist",
        "add the files",
    )


def conflicting_rows(scan: FolderScan) -> Finding | None:
    """Find images that several rows caption differently."""
    return _finding(
        scan,
        Kind.CONFLICTING_ROWS,
        {SkipReason.CONFLICTING_ROWS},
        "images with several rows and different captions",
        "keep one row per image",
    )


def control_characters(scan: FolderScan) -> Finding | None:
    """Find captions with characters that no image can show."""
    return _finding(
        scan,
        Kind.CONTROL_CHARACTERS,
        {SkipReason.CONTROL_CHARACTER},
        "captions with control characters",
        "correct the captions",
    )


def pattern_mismatch(scan: FolderScan) -> Finding | None:
    """Find file names that don't match `data.pattern`."""
    return _finding(
        scan,
        Kind.PATTERN_MISMATCH,
        {SkipReason.NAME_MISMATCH},
        "file names that do not match the pattern",
        "rename the files",
        # The images are good; a wrong pattern is no reason to remove them.
        Fix(_suggest_pattern(scan)) if scan.config.data.pattern else None,
    )


def unusable_rows(scan: FolderScan) -> Finding | None:
    """Find rows and files that can't be used for other reasons."""
    return _finding(
        scan,
        Kind.UNUSABLE_ROWS,
        {
            SkipReason.MALFORMED_ROW,
            SkipReason.UNREADABLE_CAPTION,
            SkipReason.INVALID_NAME,
            SkipReason.UNREADABLE_IMAGE,
        },
        "rows or files that can't be used",
        "correct them",
    )


def _finding(
    scan: FolderScan,
    kind: Kind,
    reasons: Set[SkipReason],
    message: str,
    correction: str,
    alternative: Fix | None = None,
) -> Finding | None:
    # Other checks report the images that were scanned.
    skipped = {n: s for n, s in scan.skipped(*reasons).items() if n not in scan.stats}
    if not skipped:
        return None
    other = alternative or removal_fix(scan, kind, list(skipped))
    return Finding(
        kind,
        Severity.WARNING,
        message,
        len(skipped),
        [f"{scan.short_name(name)}: {s.text}" for name, s in skipped.items()],
        "training skips them",
        Fix(f"{correction}, or {other.text}", other.commands),
    )


def _suggest_pattern(scan: FolderScan) -> str:
    """Suggest `data.pattern` with another separator, if all names match it then."""
    names = [stem(Path(name).name) for part in scan.images.values() for name in part]
    template = re.fullmatch(r"(label|id)[-_.](label|id)", str(scan.config.data.pattern))
    patterns = [template.expand(rf"\1{separator}\2") for separator in "-_."] if template else []
    for pattern in patterns:
        if all(FileNamePattern(pattern).matches(names)):
            command = scan.train_command(f"data.pattern={pattern}")
            return f"set a pattern that all names match: {command}"
    return "set data.pattern to one that they match"
