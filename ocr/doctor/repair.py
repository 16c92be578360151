"""Fixes that are shell commands: rename or delete files, or move them out of the folder."""

import os
import shlex
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from ocr.doctor.finding import Fix, Kind
from ocr.doctor.image_stats import ImageProblem
from ocr.doctor.scan import FolderScan

MAX_INLINE = 3  # commands that the report shows; --fix prints longer lists
SUFFIX = "_set_aside"  # added to a folder's name for images that are moved out of it


def command_fix(scan: FolderScan, kind: Kind, summary: str, commands: Sequence[str]) -> Fix:
    """Make a fix of shell commands.

    Args:
        scan: The folder.
        kind: The kind of finding that they fix.
        summary: What they do, in a few words.
        commands: One per file.

    Returns:
        A fix whose text holds the commands, or a doctor command with `--fix` if they are many.
    """
    if len(commands) <= MAX_INLINE:
        return Fix("; ".join(commands), commands)
    return Fix(f"{summary}: {scan.doctor_command('--fix', kind)} | sh", commands)


def removal_fix(scan: FolderScan, kind: Kind, names: Sequence[str]) -> Fix:
    """Make a fix that removes images from the folder.

    Files without image content are deleted; all others are moved into a folder beside it.

    Args:
        scan: The folder.
        kind: The kind of finding that this fixes.
        names: The images' paths.
    """
    if scan.tables:  # without their images, the rows would be a finding
        return Fix(f"remove their rows from {' and '.join(scan.tables)}")
    # A name that isn't valid Unicode is stored escaped, so no file has that path.
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
    commands = [_removal_command(scan, name) for name in files.values()]
    return command_fix(scan, kind, summary, commands)


def path_aside(name: str, folders: Sequence[Path]) -> Path:
    """Return an unused path for an image that is moved out of its folder.

    Args:
        name: The image's path.
        folders: The folders that training reads; the path lies in none of them.

    Returns:
        A path in a new folder beside the outermost one that holds the image, with the same
        subfolders.
    """
    real = real_path(name)
    parents = [folder for folder in folders if real.is_relative_to(folder.resolve())]
    outer = min(parents, key=lambda folder: len(folder.resolve().parts), default=real.parent)
    inside = real.relative_to(outer.resolve())
    # "." and ".." have no name to add the suffix to.
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


def _removal_command(scan: FolderScan, name: str) -> str:
    file = shlex.quote(name)
    if _is_junk(scan, name):
        return f"rm -- {file}"
    target = path_aside(name, list(scan.source.dirs.values()))
    folder = shlex.quote(str(target.parent))
    return f"mkdir -p -- {folder} && mv -n -- {file} {shlex.quote(str(target))}"
