"""Images that occur several times in the same part, with the same caption."""

from collections.abc import Sequence

import numpy as np

from ocr.data.duplicates import near_pairs
from ocr.data.samples import Sample, Samples
from ocr.doctor.finding import Finding, Kind, Severity
from ocr.doctor.repair import removal_fix
from ocr.doctor.scan import FolderScan, group_by


def exact_duplicates(scan: FolderScan) -> Finding | None:
    """Find copies of files."""
    pairs = [
        (first, other)
        for samples in _samples_by_part(scan)
        for first, *others in group_by(samples, lambda s: s.digest)
        for other in others
    ]
    return _finding(scan, Kind.EXACT_DUPLICATES, "copies of other images", "is a copy of", pairs)


def near_duplicates(scan: FolderScan) -> Finding | None:
    """Find images with nearly the same perceptual hash."""
    pairs = []
    for samples in _samples_by_part(scan):
        first: dict[int, int] = {}
        for i, k in near_pairs(samples).tolist():
            first.setdefault(k, i)  # each image is reported once
        pairs += [
            (samples[i], samples[k])
            for k, i in first.items()
            if samples[i].digest != samples[k].digest
        ]
    message = "images that look almost like another with the same caption"
    return _finding(scan, Kind.NEAR_DUPLICATES, message, "looks like", pairs)


def _samples_by_part(scan: FolderScan) -> list[Samples]:
    # Duplicates across parts are leakage, which is another finding.
    found = scan.data.found
    return [found.take(np.flatnonzero(found.folders == i)) for i in range(len(scan.source.parts))]


def _finding(
    scan: FolderScan,
    kind: Kind,
    message: str,
    relation: str,
    pairs: Sequence[tuple[Sample, Sample]],
) -> Finding | None:
    if not pairs:
        return None
    return Finding(
        kind,
        Severity.INFO,
        message,
        len(pairs),
        [
            f"{scan.short_name(other.name)} {relation} {scan.short_name(first.name)}"
            for first, other in pairs
        ],
        "training keeps them in the same part of the split, and uses all of them",
        removal_fix(scan, kind, [other.name for _, other in pairs]),
    )
