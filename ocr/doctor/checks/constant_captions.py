"""Folders whose captions are all the same."""

from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def constant_captions(scan: FolderScan) -> Finding | None:
    """Report a folder in which all captions are equal."""
    texts = {sample.text for sample in scan.samples}
    if len(texts) != 1 or len(scan.samples) < 2:
        return None
    [text] = texts
    fix = "data.labels=FILE"
    if scan.tables:
        tables = " and ".join(scan.tables)
        fix = f"data.label_column=COLUMN, if they are in another column of {tables}, or {fix}"
    return Finding(
        Kind.CONSTANT_CAPTIONS,
        Severity.WARNING,
        f"images with the same caption, {text!r}: nothing to learn",
        len(scan.samples),
        [scan.short_name(sample.name) for sample in scan.samples],
        "the model learns to read this in every image",
        Fix(f"give the captions: {fix}"),
    )
