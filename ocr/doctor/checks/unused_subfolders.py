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
    parts = {place.resolve() for place in scan.source.dirs.values()}
    images = []
    for folder in scan.other_files:
        if not folder.is_dir() or folder.name.startswith(".") or folder.is_symlink():
            continue
        if folder.resolve() not in parts:
            with suppress(UserError):  # it can't be listed
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
        Fix(_include(scan, parts)),
    )


def _include(scan: FolderScan, parts: Collection[Path]) -> str:
    """Return how training gets to use images in subfolders."""
    if scan.tables:
        return f"add their rows to {' and '.join(scan.tables)}"
    if any(one in other.parents for one in parts for other in parts):
        # data.recursive=true would include the images of the parts inside, too.
        return f"move them into {scan.source.dirs['train']} itself"
    return scan.train_command("data.recursive=true")
