"""Training images that are also validation or test images."""

import os

from ocr.data.duplicates import near_pairs
from ocr.data.samples import Sample, Samples
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.repair import removal_fix
from ocr.doctor.scan import FolderScan


def val_leakage(scan: FolderScan) -> Finding | None:
    """Find validation images that are also training images."""
    if scan.data.splitter.train_on_val:  # the user asked for both
        return None
    return _finding(scan, Kind.VAL_LEAKAGE, "val")


def test_leakage(scan: FolderScan) -> Finding | None:
    """Find test images that are also training images."""
    return _finding(scan, Kind.TEST_LEAKAGE, "test")


def _finding(scan: FolderScan, kind: Kind, part: str) -> Finding | None:
    alike = _training_counterparts(scan)
    leaked = [s for s in scan.data.parts.get(part, ()) if s.name in alike]
    if not leaked:
        return None
    fix = removal_fix(scan, kind, list(dict.fromkeys(alike[s.name].name for s in leaked)))
    if any(os.path.realpath(s.name) == os.path.realpath(alike[s.name].name) for s in leaked):
        # Both parts hold the same files, so removing them would leave no image.
        key = f"data.{part}_dir"
        split = scan.train_command(f"{key}=null")
        fix = Fix(f"give a folder of other images as {key}, or split these: {split}")
    return Finding(
        kind,
        Severity.WARNING,
        f"{part} images that are also training images, or look almost like one",
        len(leaked),
        [
            f"{scan.short_name(s.name)} matches {scan.short_name(alike[s.name].name)}"
            for s in leaked
        ],
        f"training uses them, so the {part} scores are too good",
        fix,
    )


def _training_counterparts(scan: FolderScan) -> dict[str, Sample]:
    """Map images of other parts to the training image that they equal or resemble."""
    parts = scan.data.parts
    samples = [(part, s) for part in parts for s in parts[part]]
    by_digest = {s.digest: s for s in parts.get("train", ())}
    alike = {
        s.name: by_digest[s.digest]
        for part, s in samples
        if part != "train" and s.digest in by_digest
    }
    if not parts:
        return alike
    for i, k in near_pairs(Samples.concatenate(parts.values())).tolist():
        (part, first), (other_part, other) = samples[i], samples[k]
        if part == "train" and other_part != "train":  # "train" comes first in `parts`
            alike.setdefault(other.name, first)
    return alike
