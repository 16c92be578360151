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
        "copies of an image with different captions",
        len(skipped),
        [f"{scan.short_name(name)}: {s.text}" for name, s in skipped.items()],
        "training skips them all, because it can't tell which caption is right",
        Fix(f"of each pair, {_correct_one(scan)}"),
    )


def pixel_label_conflicts(scan: FolderScan) -> Finding | None:
    """Find different files with equal pixels and different captions."""
    # Blank images are another finding, and other frames may tell images apart.
    blank = [not row.any() for row in scan.data.found.hashes]
    samples = [
        sample
        for sample, is_blank in zip(scan.samples, blank, strict=True)
        if not is_blank and scan.stats[sample.name].frames == 1
    ]
    groups = [
        group
        for group in group_by(samples, lambda s: scan.stats[s.name].pixel_hash)
        if len({s.text for s in group}) > 1
    ]
    if not groups:
        return None
    return Finding(
        Kind.PIXEL_LABEL_CONFLICTS,
        Severity.WARNING,
        "images with equal pixels and different captions",
        sum(map(len, groups)),
        [
            " and ".join(f"{scan.short_name(s.name)} ({s.text!r})" for s in group[:3])
            for group in groups
        ],
        "training uses all of them, wrong captions included",
        Fix(f"of each pair, {_correct_one(scan)}"),
    )


def _correct_one(scan: FolderScan) -> str:
    """Suggest how to correct one of two captions."""
    if scan.tables:
        return f"correct the wrong caption in {' and '.join(scan.tables)}"
    if sidecars := [
        name for name in scan.source.captions.source_names.values() if name.startswith(".")
    ]:
        return f"correct the wrong caption in its {sidecars[0]} file"
    return "move the file with the wrong caption out of the folder"
