"""Images in subfolders that training doesn't look into."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ocr.data.sources.folder import Folder
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.repair import real_path
from ocr.doctor.scan import FolderScan
from ocr.errors import UserError


def unused_subfolders(scan: FolderScan) -> Finding | None:
    """Find images below the folders that no row names."""
    parts = {path.resolve() for path in scan.source.dirs.values()}
    images = []
    for folder in scan.other_files:
        if not folder.is_dir() or folder.name.startswith(".") or folder.is_symlink():
            continue
        if folder.resolve() not in parts:
            with suppress(UserError):  # a folder that can't be listed
                images += [str(folder / name) for name in Folder(folder, recursive=True).images]
    used = set(map(real_path, scan.stats)) if images else ()
    images = [name for name in images if real_path(name) not in used]
    if not images:
        return None
    return Finding(
        Kind.UNUSED_SUBFOLDERS,
        Severity.INFO,
        "images in subfolders",
        len(images),
        [scan.short_name(name) for name in images],
        "training does not use them",
        Fix(_suggest_inclusion(scan, parts)),
    )


def _suggest_inclusion(scan: FolderScan, parts: Collection[Path]) -> str:
    """Suggest how to train on the images in subfolders."""
    if scan.tables:
        return f"add their rows to {' and '.join(scan.tables)}"
    if any(part in other.parents for part in parts for other in parts):
        # data.recursive=true would also include the images of the inner parts.
        return f"move them into {scan.source.dirs['train']} itself"
    return scan.train_command("data.recursive=true")
