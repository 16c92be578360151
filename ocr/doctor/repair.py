"""Shell commands that fix a finding: delete files, or set them aside."""

import os
import shlex
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from ocr.doctor.finding import Fix, Kind
from ocr.doctor.image_stats import ImageProblem
from ocr.doctor.scan import FolderScan

MAX_INLINE = 3  # commands shown one by one; more are printed by --fix
SUFFIX = "_set_aside"  # added to a folder's name for images that are moved out of it


def run_commands(scan: FolderScan, kind: Kind, summary: str, commands: Sequence[str]) -> Fix:
    """Make a fix of shell commands.

    Args:
        scan: The folder.
        kind: The finding that they fix.
        summary: What they do together.
        commands: One per file.

    Returns:
        A fix whose text is one line, with `--fix` if the commands are many.
    """
    if len(commands) <= MAX_INLINE:
        return Fix("; ".join(commands), commands)
    return Fix(f"{summary}: {scan.doctor_command('--fix', kind)} | sh", commands)


def remove_images(scan: FolderScan, kind: Kind, names: Sequence[str]) -> Fix:
    """Make a fix that takes images out of the folder.

    Files that hold no image are deleted, all others are moved into a folder beside it.

    Args:
        scan: The folder.
        kind: The finding that this fixes.
        names: The images' paths.
    """
    if scan.tables:  # rows without their images would be the next finding
        return Fix(f"remove their rows from {' and '.join(scan.tables)}")
    # A name that isn't Unicode is known in an escaped form only, which is no path.
    files = {real_path(name): name for name in names if os.path.lexists(name)}
    if not files:
        return Fix("remove them")
    junk = [name for name in files.values() if _is_junk(scan, name)]
    summary = "set them aside"
    if junk:
        others = len(files) > len(junk)
        summary = (
            f"{summary}, and delete those that hold no image" if others else "delete the files"
        )
    return run_commands(scan, kind, summary, [_removal(scan, name) for name in files.values()])


def path_aside(name: str, folders: Sequence[Path]) -> Path:
    """Return a free path for an image that is taken out of its folder.

    Args:
        name: The image's path.
        folders: The folders of images that training reads, none of which may hold the result.

    Returns:
        A path beside the outermost folder that holds the image, under the same subfolders.
    """
    real = real_path(name)
    holding = [folder for folder in folders if real.is_relative_to(folder.resolve())]
    outer = min(holding, key=lambda folder: len(folder.resolve().parts), default=real.parent)
    inside = real.relative_to(outer.resolve())
    # "." and ".." have no name that could get a suffix.
    beside = outer if outer.name not in ("", "..") else outer.resolve()
    target = beside.with_name(f"{beside.name or 'images'}{SUFFIX}") / inside
    numbered = (target.with_name(f"{target.stem}.{i}{target.suffix}") for i in count(1))
    return next(path for path in chain([target], numbered) if not os.path.lexists(path))


def real_path(name: str) -> Path:
    """Resolve links in the folders of a path, but not the file itself."""
    file = Path(name)
    return file.parent.resolve() / file.name


def _is_junk(scan: FolderScan, name: str) -> bool:
    return name in scan.stats and scan.stats[name].problem is ImageProblem.NO_IMAGE


def _removal(scan: FolderScan, name: str) -> str:
    file = shlex.quote(name)
    if _is_junk(scan, name):
        return f"rm -- {file}"
    target = path_aside(name, [*scan.source.dirs.values()])
    folder = shlex.quote(str(target.parent))
    return f"mkdir -p -- {folder} && mv -n -- {file} {shlex.quote(str(target))}"
