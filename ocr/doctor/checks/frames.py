"""Images with several frames or pages."""

from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.image_stats import ImageProblem
from ocr.doctor.scan import FolderScan
from ocr.formatting import pluralize


def multiple_frames(scan: FolderScan) -> Finding | None:
    """Find images with several frames, unless `data.frame` selects one that isn't blank."""
    several = {name: stats for name, stats in scan.readable.items() if stats.frames > 1}
    flat = sum(stats.is_flat for stats in several.values())
    frame = scan.data.preprocessor.frame
    if not several or (frame and not flat):
        return None
    which = {0: "the first", -1: "the last"}.get(frame, f"number {frame}")
    blank = f", which is blank in {pluralize(flat, 'image')}" if flat else ""
    last = scan.train_command("data.frame=-1")
    return Finding(
        Kind.MULTIPLE_FRAMES,
        Severity.WARNING,
        "images with several frames or pages",
        len(several),
        [
            f"{scan.short_name(name)}: {stats.frames} frames or pages"
            for name, stats in several.items()
        ],
        f"training reads only {which}{blank}",
        Fix(
            f"choose another: {scan.train_command('data.frame=0')}"
            if frame
            else f"if the text is in the last one: {last} (another number reads another)"
        ),
    )


def missing_frame(scan: FolderScan) -> Finding | None:
    """Find images without the frame that `data.frame` names."""
    skipped = scan.undecodable(ImageProblem.MISSING_FRAME)
    if not skipped:
        return None
    return Finding(
        Kind.MISSING_FRAME,
        Severity.WARNING,
        "images without the frame or page that data.frame names",
        len(skipped),
        [f"{scan.short_name(name)}: {s.text}" for name, s in skipped.items()],
        "training skips them",
        Fix(f"choose one that all images have: {scan.train_command('data.frame=-1')}"),
    )
