"""Captions that need more CTC time steps than their image's width gives."""

from math import ceil

from ocr.data.samples import Sample, SkipReason
from ocr.data.text.charset import required_time_steps
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan

MAX_DENSITY = 4  # characters per pixel of width; with more, the caption is certainly wrong


def caption_too_long(scan: FolderScan) -> Finding | None:
    """Find captions that CTC can't align with their image."""
    names = scan.skipped(SkipReason.TOO_FEW_TIME_STEPS)
    samples = [s for s in scan.samples if s.name in names]
    if not samples:
        return None
    steps = scan.time_steps
    rename = " (rename the files)" if "name" in scan.source.captions.source_names.values() else ""
    return Finding(
        Kind.CAPTION_TOO_LONG,
        Severity.WARNING,
        "captions too long for CTC at their image's width",
        len(samples),
        [
            f"{scan.short_name(s.name)}: caption {s.text!r} needs {required_time_steps(s.text)} "
            f"time steps, its image gives {steps(s.width)}"
            for s in samples
        ],
        "training skips them",
        Fix(f"correct the captions that are wrong{rename}; {_suggest_override(scan, samples)}"),
    )


def _suggest_override(scan: FolderScan, samples: list[Sample]) -> str:
    """Suggest a command that gives correct captions enough time steps."""
    plausible = [s for s in samples if required_time_steps(s.text) <= MAX_DENSITY * s.width]
    if not plausible:
        return "images so narrow can't show them"
    encoder, preprocessor = scan.config.encoder, scan.data.preprocessor
    overrides = []
    for stride in (2, 1):
        if encoder.get("stride", 0) > stride:
            encoder.stride = stride
            overrides = [f"encoder.stride={stride}"]
            if _required_scale(scan, plausible) <= 1:
                return f"if they are right: {scan.train_command(*overrides)}"
    key = "width" if preprocessor.width else "height"
    pixels = ceil(getattr(preprocessor, key) * _required_scale(scan, plausible)) + 1
    return f"if they are right: {scan.train_command(*overrides, f'data.{key}={pixels}')}"


def _required_scale(scan: FolderScan, samples: list[Sample]) -> float:
    """Return the factor by which the images would have to be wider."""
    steps = scan.time_steps
    return max(required_time_steps(s.text) / max(1, steps(s.width)) for s in samples)
