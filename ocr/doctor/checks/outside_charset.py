"""Captions with characters that aren't in `data.charset`."""

from ocr.config.overrides import quote_value
from ocr.data.samples import SkipReason
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def outside_charset(scan: FolderScan) -> Finding | None:
    """Find captions that `data.charset` can't encode."""
    skipped = scan.skipped(SkipReason.OUTSIDE_CHARSET)
    if not skipped:
        return None
    symbols = "".join(sorted(scan.character_counts))
    return Finding(
        Kind.OUTSIDE_CHARSET,
        Severity.WARNING,
        "captions with characters outside data.charset",
        len(skipped),
        [f"{scan.short_name(name)}: {s.text}" for name, s in skipped.items()],
        "training skips them",
        Fix(scan.train_command(f"data.charset={quote_value(symbols)}")),
    )
