"""File names that training takes as captions, although they may not be."""

from ocr.data.sources.file_name_check import FileNameIssue, check_file_names
from ocr.data.sources.folder import Folder
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def unused_sidecars(scan: FolderScan) -> Finding | None:
    """Find text files beside each image that aren't read."""
    return _finding(scan, Kind.UNUSED_SIDECARS, "images with an unused text file beside them")


def doubtful_names(scan: FolderScan) -> Finding | None:
    """Find names that look like a counter, or of which only a part is the caption."""
    return _finding(scan, Kind.DOUBTFUL_NAMES, "file names that may not be captions")


def _finding(scan: FolderScan, kind: Kind, message: str) -> Finding | None:
    found = _find_issue(scan)
    if found is None or found[1].has_captions_beside != (kind is Kind.UNUSED_SIDECARS):
        return None
    folder, issue = found
    return Finding(
        kind,
        Severity.INFO if issue.harmless else Severity.WARNING,
        message,
        len(folder.images),
        [scan.short_name(str(folder.path / name)) for name in folder.images],
        "training takes the names as captions",
        Fix(f"{issue.text[0].lower()}{issue.text[1:]}"),
    )


def _find_issue(scan: FolderScan) -> tuple[Folder, FileNameIssue] | None:
    """Return the first folder whose file names are doubtful, and why."""
    if not scan.captions_detected:
        return None
    folders = map(scan.source.captions.folder, scan.named_folders)
    return next(((f, issue) for f in folders if (issue := check_file_names(f))), None)
