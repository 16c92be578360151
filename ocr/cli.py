"""The commands of `python -m ocr`."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from ocr.errors import UserError, plain_errors

BATCH = 64  # images read, and lines printed, at a time


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; exits with 1 after a mistake, and 2 after one in the command line itself."""
    parser = argparse.ArgumentParser(prog="python -m ocr", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="print what images say")
    read.add_argument("checkpoint", type=Path, help="best.ckpt of a training run")
    read.add_argument("images", type=Path, nargs="+", help="images, or folders of images")
    read.add_argument(
        "--json",
        action="store_true",
        help='one JSON object a line, with "path", "text" and "confidence"',
    )
    read.set_defaults(run=_read)
    pack = commands.add_parser("pack", help="pack a folder of very many images for data=packed")
    _add_folder(pack)
    pack.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    _add_overrides(pack)
    pack.set_defaults(run=_pack)
    _add_folds(commands)
    _add_curve(commands)
    _add_suspects(commands)
    options, rest = parser.parse_known_args(arguments)
    # argparse is done with KEY=VALUE when it has met an option behind PATH.
    if not hasattr(options, "overrides") or any("=" not in word or word[0] == "-" for word in rest):
        parser.parse_args(arguments)  # which says what is wrong
    else:
        options.overrides = [*options.overrides, *rest]
    # Captions hold any script, whatever the terminal's encoding.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with plain_errors():
        try:
            options.run(options)
            sys.stdout.flush()
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, metavar="PATH", help="a folder of captioned images")
    command.add_argument(
        "--labels", metavar="FILE", help="where the captions are, as data.labels of train.py"
    )


def _add_overrides(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="any override of train.py"
    )


def _add_runs(command: argparse.ArgumentParser) -> None:
    _add_folder(command)
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="for its files; with one from before, goes on"
    )
    _add_overrides(command)


def _add_folds(commands: argparse._SubParsersAction) -> None:
    folds = commands.add_parser("folds", help="cross-validate: read each image by a model apart")
    _add_runs(folds)
    folds.add_argument("--folds", type=_number(2), default=5, metavar="N", help="5, or 2 and more")
    folds.set_defaults(run=_folds)


def _add_curve(commands: argparse._SubParsersAction) -> None:
    curve = commands.add_parser("curve", help="train on more and more labels: would more help?")
    _add_runs(curve)
    curve.add_argument(
        "--sizes", nargs="+", default=[], metavar="N", help="numbers of training images"
    )
    curve.add_argument(
        "--seeds", type=_number(1), default=1, metavar="N", help="trainings for each size"
    )
    curve.set_defaults(run=_curve)


def _add_suspects(commands: argparse._SubParsersAction) -> None:
    suspects = commands.add_parser("suspects", help="rank the captions that are probably wrong")
    _add_runs(suspects)
    suspects.add_argument("--folds", type=_number(2), default=5, metavar="N", help="5, or 2 ...")
    suspects.add_argument(
        "--seeds", type=_number(1), default=1, metavar="N", help="models that read each image"
    )
    suspects.add_argument(
        "--json",
        action="store_true",
        help='one JSON object a line, with "file", "label", "reading" and "confidence"',
    )
    suspects.set_defaults(run=_suspects)


def _number(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text}: give a whole number, {least} or more")
        return int(text)

    return number


def _read(options: argparse.Namespace) -> None:
    from ocr.reader import Reader  # torch takes seconds to load; --help should not

    reader = Reader.load(options.checkpoint)
    paths = _image_paths(options.images)
    unreadable = 0
    while batch := list(islice(paths, BATCH)):
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
        raise UserError(f"{unreadable} of the images could not be read; the others are above")


def _pack(options: argparse.Namespace) -> None:
    from ocr.compose import composed, of_folder
    from ocr.data.lists import in_words
    from ocr.data.pack import pack
    from ocr.model.build import build

    data = build(composed(of_folder(options.folder, options.labels, options.overrides)).data)
    count, skipped = pack(options.folder, options.out, data.captions)
    if skipped:
        print(f"{len(skipped)} of {count + len(skipped)} images are left out: {in_words(skipped)}")
        print(f"all of these are listed in {options.out / 'skipped.csv'}")
    print(f"{count:,} images are packed")
    print(f"train with  python train.py data=packed data.dir={options.out}")


def _folds(options: argparse.Namespace) -> None:
    from ocr.measure.folds import folds

    folds(options.folder, options.labels, options.folds, options.out, options.overrides)


def _curve(options: argparse.Namespace) -> None:
    from ocr.measure.curve import curve

    words = [part for word in options.sizes if "=" not in word for part in word.split(",") if part]
    overrides = [word for word in options.sizes if "=" in word] + options.overrides
    if wrong := [word for word in words if not word.isdecimal()]:
        raise UserError(f"--sizes {wrong[0]}: give numbers of images, such as --sizes 100 200 400")
    sizes = [int(word) for word in words]
    curve(options.folder, options.labels, sizes, options.seeds, options.out, overrides)


def _suspects(options: argparse.Namespace) -> None:
    from ocr.measure.suspects import suspects

    suspects(
        options.folder,
        options.labels,
        options.folds,
        options.seeds,
        options.out,
        options.overrides,
        options.json,
    )


def _image_paths(places: Sequence[Path]) -> Iterator[Path]:
    from ocr.data.sources import image_files

    for place in places:
        if place.is_dir():
            yield from image_files(place)
        else:
            yield place
