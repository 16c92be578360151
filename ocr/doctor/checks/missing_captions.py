"""Images that have no caption yet."""

from ocr.data.samples import SkipReason
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def missing_captions(scan: FolderScan) -> Finding | None:
    """Find images without a row or text file."""
    names = list(scan.skipped(SkipReason.NO_CAPTION))
    if not names:
        return None
    source = " and ".join(dict.fromkeys(scan.source.captions.source_names.values()))
    return Finding(
        Kind.MISSING_CAPTIONS,
        Severity.INFO,
        "images without a caption",
        len(names),
        [scan.short_name(name) for name in names],
        "training skips them; data.max_skipped does not count them",
        Fix(
            f"write a {source} file for each"
            if source.startswith(".")
            else f"add their captions to {source}"
        ),
    )
