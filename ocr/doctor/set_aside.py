"""Where images go that are taken out of a folder and not removed."""

import os
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

SUFFIX = "_set_aside"  # of the folder beside the images'


def place_aside(name: str, folders: Sequence[Path]) -> Path:
    """Find a path for the image `name` where none of the `folders` of images is looked into.

    It lies beside the outermost of those folders that hold the image, under the same subfolders.
    Nothing is there yet.
    """
    real = real_path(name)
    holding = [folder for folder in folders if real.is_relative_to(folder.resolve())]
    outer = min(holding, key=lambda folder: len(folder.resolve().parts), default=real.parent)
    inside = real.relative_to(outer.resolve())
    # Of "." one can't name a neighbour, but of the place that it is.
    beside = outer if outer.name not in ("", "..") else outer.resolve()
    target = beside.with_name(f"{beside.name or 'images'}{SUFFIX}") / inside
    others = (target.with_name(f"{target.stem}.{i}{target.suffix}") for i in count(1))
    return next(path for path in chain([target], others) if not os.path.lexists(path))


def real_path(name: str) -> Path:
    """The path of a file without links on the way; the file itself may be one."""
    file = Path(name)
    return file.parent.resolve() / file.name
