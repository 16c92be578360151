"""Folders for the tests of the doctor."""

import csv
from pathlib import Path

from PIL import Image

LENIENT = "data.max_skipped=0.9"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


def labelled(folder: Path, rows: dict[str, str]) -> Path:
    """Write labels.csv into `folder`: the names of the images as captions, updated by `rows`."""
    rows = {path.name: path.stem for path in sorted(folder.glob("*.png"))} | rows
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label"), *rows.items()])
    return folder


def resaved(source: Path, to: Path) -> None:
    """Save the same pixels as other bytes."""
    with Image.open(source) as image:
        image.save(to, compress_level=1)


def table(place, names, label=lambda name: name.rpartition("/")[2].partition(".")[0]):
    with (place / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label"), *((name, label(name)) for name in names)])
