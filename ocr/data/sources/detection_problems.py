"""Describe why labels files don't hold the captions of a folder's images."""

import os
from collections.abc import Mapping
from pathlib import Path

from ocr.data.sources.caption_source import Row
from ocr.data.sources.file_name_check import MOST, SOME
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file import LabelsFile
from ocr.data.sources.sidecar import SidecarText


def describe_other_folder(source: LabelsFile, folder: Folder) -> str | None:
    """Return a message about a labels file whose images are all in a subfolder, or None."""
    places = [Path(row.file).parent for row in source.captions(folder) if isinstance(row, Row)]
    if not places:
        return None
    common = Path(os.path.commonpath([*map(str, {*places})]))
    if common == folder.path or not common.is_relative_to(folder.path):
        return None
    inside = Folder(common, recursive=len({*places}) > 1)
    if len(places) < MOST * len(inside.images):
        return None
    more = " data.recursive=true" if inside.recursive else ""
    return (
        f"{source.path} has captions of the images in {common}, not of those in {folder.path}: "
        f"give data.dir={common} data.labels={source.path}{more}"
    )


def describe_partial(coverage: Mapping[SidecarText | LabelsFile, float], folder: Folder) -> str:
    """Return a message about sources that have captions for few or none of the images.

    Args:
        coverage: The share of the images that each source has captions for.
        folder: The images.
    """
    best = max(coverage, key=lambda source: coverage[source])
    if isinstance(best, LabelsFile) and not coverage[best]:
        rows = [row.file for row in best.rows if isinstance(row, Row)]
        first_row = f"; its first row is for {rows[0]}" if rows else ""
        first = f", the first image here is {folder.images[0]}" if folder.images else ""
        below = _describe_subfolder(best, folder)
        return f"{folder.path}: {best.name} names no image that exists{first_row}{first}{below}"
    others = {s.name: share for s, share in coverage.items() if share and s is not best}
    shares = "".join(f", {name} for {share:.0%}" for name, share in others.items())
    text = (
        f"{folder.path}: {best.name} has captions for only {coverage[best]:.0%} of the "
        f"images{shares}: data.labels={best.name} takes only these"
    )
    if others and sum(coverage.values()) < 1.01:
        text += (
            "; if these are parts of a split, put the images of each part into its own folder, and "
            "give data.train_dir and data.test_dir"
        )
    return text


def _describe_subfolder(source: LabelsFile, folder: Folder) -> str:
    """Return the overrides for a subfolder that has the images of a labels file, or ""."""
    for name in folder.files if not folder.images else ():
        place = folder.path / name
        if not place.is_dir() or name.startswith("."):
            continue
        if source.coverage(Folder(place)) >= SOME:
            return f"; it names those in {place}: give data.dir={place} data.labels={source.path}"
    return ""
