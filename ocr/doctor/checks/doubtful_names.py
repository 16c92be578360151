"""File names that are taken as captions and may be none."""

from ocr.data.sources.file_name_check import FileNameIssue, check_file_names
from ocr.data.sources.folder import Folder
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def unused_sidecars(scan: FolderScan) -> Finding | None:
    """Find text files beside each image that aren't read."""
    return _finding(scan, Kind.UNUSED_SIDECARS, "images with a text beside them")


def doubtful_names(scan: FolderScan) -> Finding | None:
    """Find names that look like a counter, or have the caption in a part only."""
    return _finding(scan, Kind.DOUBTFUL_NAMES, "names that may be no captions")


def _finding(scan: FolderScan, kind: Kind, message: str) -> Finding | None:
    found = _first_doubt(scan)
    if found is None or found[1].has_captions_beside != (kind is Kind.UNUSED_SIDECARS):
        return None
    folder, doubt = found
    return Finding(
        kind,
        Severity.INFO if doubt.harmless else Severity.WARNING,
        message,
        len(folder.images),
        [scan.short_name(str(folder.path / name)) for name in folder.images],
        "training takes the names as captions",
        Fix(f"{doubt.text[0].lower()}{doubt.text[1:]}"),
    )


def _first_doubt(scan: FolderScan) -> tuple[Folder, FileNameIssue] | None:
    if not scan.captions_detected:
        return None
    folders = map(scan.source.captions.folder, scan.named_folders)
    return next(((f, doubt) for f in folders if (doubt := check_file_names(f))), None)
