"""The commands of `python -m ocr`."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
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
    doctor = commands.add_parser("doctor", help="tell what is wrong with a folder of images")
    _add_folder(doctor)
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    doctor.add_argument(
        "--mend",
        metavar="KIND",
        help="only print the shell commands that mend this kind of finding",
    )
    _add_overrides(doctor)
    doctor.set_defaults(run=_doctor)
    options, more = parser.parse_known_args(arguments)
    # argparse takes positional arguments up to the first option only.
    if not hasattr(options, "overrides") or any(word.startswith("-") for word in more):
        parser.parse_args(arguments)  # its own word on what is too much
    else:
        options.overrides += more
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


def _doctor(options: argparse.Namespace) -> None:
    from ocr.doctor.doctor import findings
    from ocr.doctor.examine import examine
    from ocr.doctor.show import as_json, show

    with redirect_stdout(sys.stderr):  # a progress bar is no part of the report
        seen = examine(options.folder, options.labels, options.overrides)
        found = findings(seen)
    if options.mend:
        commands = [line for one in found if one.kind == options.mend for line in one.commands]
        if not commands:
            raise UserError(f"--mend {options.mend}: no such finding here that commands would mend")
        print(*commands, sep="\n")
        return
    if options.json:
        print(as_json(seen, found))
    else:
        show(seen, found)
    if seen.refusal:
        sys.stdout.flush()
        sys.exit(1)


def _image_paths(places: Sequence[Path]) -> Iterator[Path]:
    from ocr.data.sources import image_files

    for place in places:
        if place.is_dir():
            yield from image_files(place)
        else:
            yield place
