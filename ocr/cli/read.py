"""`python -m ocr read`: recognize the text of images."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ocr.cli.arguments import Commands
from ocr.errors import UserError
from ocr.formatting import pluralize


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    read = commands.add_parser("read", help="recognize the text of images")
    read.add_argument("checkpoint", type=Path, help="best.ckpt of a training run")
    read.add_argument("images", type=Path, nargs="+", help="images, or folders of images")
    read.add_argument(
        "--recursive", action="store_true", help="also read the images of all subfolders"
    )
    read.add_argument(
        "--json",
        action="store_true",
        help='print JSON lines with "path", "text" and "confidence", or "error"',
    )
    read.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    paths, refused = _image_paths(options.images, options.recursive)
    if not paths:
        raise refused[0]
    from ocr.reader import Reader  # torch takes seconds to load; --help should not

    reader = Reader.load(options.checkpoint)
    for error in refused:
        print(f"error: {error}", file=sys.stderr)
    unreadable = 0
    readings = reader.stream(paths, errors="return")
    for path, reading in zip(paths, readings, strict=True):
        if reading.error is not None:
            print(f"error: {reading.error}", file=sys.stderr)
            unreadable += 1
            if options.json:
                print(json.dumps({"path": str(path), "error": reading.error}, ensure_ascii=False))
        elif options.json:
            line = {"path": str(path), "text": reading.text, "confidence": reading.confidence}
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(f"{path}\t{reading.text}")
    failures = []
    if unreadable:
        failures.append(f"{unreadable} of {pluralize(len(paths), 'image')}")
    if refused:
        failures.append(pluralize(len(refused), "folder"))
    if failures:
        raise UserError(f"{' and '.join(failures)} could not be read")


def _image_paths(given: Sequence[Path], recursive: bool) -> tuple[list[Path], list[UserError]]:
    """Return the images to read, and an error for each folder without images."""
    from ocr.data.sources.folder import Folder, image_files, log_unread
    from ocr.log import log_to_stderr

    paths, refused = [], []
    for path in given:
        if path.is_dir():
            try:
                paths += image_files(path, recursive)
                with log_to_stderr():
                    log_unread(Folder(path, recursive))
            except UserError as error:
                refused.append(error)
        else:
            paths.append(path)
    return paths, refused
