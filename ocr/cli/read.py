"""`python -m ocr read`: what images say."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.cli.arguments import Commands
from ocr.counted import counted
from ocr.errors import UserError
from ocr.waiting import sharing_cores

if TYPE_CHECKING:
    from ocr.reader import Reader

BATCH = 64  # images read, and lines printed, at a time


def add(commands: Commands) -> None:
    """Tell argparse of it."""
    read = commands.add_parser("read", help="print what images say")
    read.add_argument("checkpoint", type=Path, help="best.ckpt of a training run")
    read.add_argument("images", type=Path, nargs="+", help="images, or folders of images")
    read.add_argument(
        "--json",
        action="store_true",
        help='one JSON object a line, with "path", "text" and "confidence"',
    )
    read.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.reader import Reader  # torch takes seconds to load; --help should not

    reader = Reader.load(options.checkpoint)
    with sharing_cores():
        _print_readings(reader, options)


def _print_readings(reader: "Reader", options: argparse.Namespace) -> None:
    paths = _image_paths(options.images)
    count = unreadable = 0
    while batch := list(islice(paths, BATCH)):
        count += len(batch)
        decoded = []
        for path in batch:
            try:
                decoded.append((path, reader.normalizer.decode(path)))
            except UserError as error:
                print(f"error: {error}", file=sys.stderr)
                unreadable += 1
        readings = reader.read_decoded([image for _, image in decoded]) if decoded else []
        for (path, _), reading in zip(decoded, readings, strict=True):
            if options.json:
                line = {"path": str(path), **reading._asdict()}
                print(json.dumps(line, ensure_ascii=False))
            else:
                print(f"{path}\t{reading.text}")
    if unreadable:
        raise UserError(f"{unreadable} of {counted(count, 'image')} could not be read")


def _image_paths(places: Sequence[Path]) -> Iterator[Path]:
    from ocr.data.sources import image_files

    for place in places:
        if place.is_dir():
            yield from image_files(place)
        else:
            yield place
