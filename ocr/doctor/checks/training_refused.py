"""Why training would not start."""

from math import ceil

from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def training_refused(scan: FolderScan) -> Finding | None:
    """Report the error that keeps training from starting."""
    if scan.refusal is None:
        return None
    fix = "see the message"
    data = scan.data
    skipped = len(data.unusable) / max(1, data.total)
    if data.parts and all(data.parts.values()) and skipped > data.max_skipped:
        allow = scan.train_command(f"data.max_skipped={ceil(skipped * 100) / 100:g}")
        fix = f"fix the findings below, or allow that share: {allow}"
    return Finding(
        Kind.TRAINING_REFUSED,
        Severity.ERROR,
        "error before training",
        1,
        [scan.refusal],
        "training does not start",
        Fix(fix),
    )
