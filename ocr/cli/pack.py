"""`python -m ocr pack`: copy a folder of very many images into a few large files."""

import argparse
from pathlib import Path

from ocr.cli.arguments import Commands, add_folder, add_overrides


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    pack = commands.add_parser("pack", help="pack a folder of very many images for data=packed")
    add_folder(pack)
    pack.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    add_overrides(pack)
    pack.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.config.compose import composed, of_folder
    from ocr.data.from_config import data_without_batches
    from ocr.data.manifest import left_out
    from ocr.data.sources.pack import pack
    from ocr.formatting import pluralize
    from ocr.log import log_to_stderr

    words = of_folder(options.folder, options.labels, options.overrides)
    data = data_without_batches(composed(words), words)
    with log_to_stderr():
        captions = data.source.captions  # type: ignore[attr-defined]
        count, skipped = pack(options.folder, options.out, captions, data.loader.num_workers)
    if skipped:
        lost = [one for one in skipped if one.lost]
        if lost:
            print(left_out(lost, count + len(lost)))
        print(f"all of these are listed in {options.out / 'skipped.csv'}")
    print(pluralize(count, "image is packed", "images are packed"))
    print(f"train with  python train.py data=packed data.dir={options.out}")
