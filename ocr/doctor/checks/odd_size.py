"""Images whose size differs much from that of the others."""

from math import log
from statistics import quantiles

from ocr.data.samples import SkipReason
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.repair import removal_fix
from ocr.doctor.scan import FolderScan

MIN_IMAGES = 20  # too few to know the usual size
MAX_DISTANCE = 3  # interquartile ranges beyond the quartiles: Tukey's outer fences
MIN_RATIO = log(2)  # the least distance beyond the quartiles, on a logarithmic scale


def odd_size(scan: FolderScan) -> Finding | None:
    """Find outliers in height, or in width per character."""
    sizes = {s.name: scan.stats[s.name].size for s in scan.samples if all(scan.stats[s.name].size)}
    heights = {name: float(height) for name, (_, height) in sizes.items()}
    # Long captions have wide images, so compare the width per character. Captions too long for
    # their image are another finding.
    too_long = scan.skipped(SkipReason.TOO_FEW_TIME_STEPS)
    widths = {
        s.name: sizes[s.name][0] / sizes[s.name][1] / len(s.text)
        for s in scan.samples
        if s.name in sizes and s.name not in too_long
    }
    odd = sorted(_outliers(heights) | _outliers(widths))
    if not odd:
        return None
    removal = removal_fix(scan, Kind.ODD_SIZE, odd)
    return Finding(
        Kind.ODD_SIZE,
        Severity.INFO,
        "images whose height, or width per character, is far from that of the others",
        len(odd),
        ["{}: {} x {}".format(scan.short_name(name), *sizes[name]) for name in odd],
        f"training scales them to data.height={scan.data.preprocessor.height} like all others",
        Fix(f"look at them; if they do not show a line of text: {removal.text}", removal.commands),
    )


def _outliers(values: dict[str, float]) -> set[str]:
    """Return the names of the values that are far from the others, on a logarithmic scale."""
    if len(values) < MIN_IMAGES:
        return set()
    logs = {name: log(value) for name, value in values.items()}
    low, _, high = quantiles(logs.values(), n=4, method="inclusive")
    margin = max(MAX_DISTANCE * (high - low), MIN_RATIO)
    return {name for name, value in logs.items() if not low - margin <= value <= high + margin}
