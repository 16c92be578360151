"""Equal images with different captions."""

from ocr.data.samples import SkipReason
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan, group_by


def label_conflicts(scan: FolderScan) -> Finding | None:
    """Find equal files with different captions."""
    skipped = scan.skipped(SkipReason.CONFLICTING_CAPTIONS)
    if not skipped:
        return None
    return Finding(
        Kind.LABEL_CONFLICTS,
        Severity.WARNING,
        "images equal to one with another caption",
        len(skipped),
        [f"{scan.short_name(name)}: {s.text}" for name, s in skipped.items()],
        "training skips them all, as it can't tell which caption is right",
        Fix(f"of each pair, {_correct_one(scan)}"),
    )


def pixel_label_conflicts(scan: FolderScan) -> Finding | None:
    """Find different files with equal pixels and different captions."""
    # Of images with several frames, another frame may tell them apart.
    with_contrast = [bool(row.any()) for row in scan.data.found.hashes]
    samples = [
        sample
        for sample, usable in zip(scan.samples, with_contrast, strict=True)
        if usable and scan.stats[sample.name].frames == 1
    ]
    groups = [
        same
        for same in group_by(samples, lambda s: scan.stats[s.name].pixel_hash)
        if len({s.text for s in same}) > 1
    ]
    if not groups:
        return None
    return Finding(
        Kind.PIXEL_LABEL_CONFLICTS,
        Severity.WARNING,
        "images with the same pixels as one with another caption",
        sum(map(len, groups)),
        [
            " and ".join(f"{scan.short_name(s.name)} ({s.text!r})" for s in same[:3])
            for same in groups
        ],
        "training uses both; one of them is wrong",
        Fix(f"of each pair, {_correct_one(scan)}"),
    )


def _correct_one(scan: FolderScan) -> str:
    if scan.tables:
        return f"correct the wrong caption in {' and '.join(scan.tables)}"
    if sidecars := [
        name for name in scan.source.captions.source_names.values() if name.startswith(".")
    ]:
        return f"correct the wrong caption in its {sidecars[0]} file"
    return "move the file with the wrong caption out of the folder"
