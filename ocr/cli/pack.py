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
    from ocr.config.compose import compose_without_run, folder_overrides
    from ocr.config.program import train_command
    from ocr.data.from_config import build_data_without_batches
    from ocr.data.manifest import describe_skipped
    from ocr.data.sources.pack import pack
    from ocr.formatting import pluralize
    from ocr.log import log_to_stderr

    words = folder_overrides(options.folder, options.labels, options.overrides)
    data = build_data_without_batches(compose_without_run(words), words)
    with log_to_stderr():
        captions = data.source.captions  # type: ignore[attr-defined]
        count, skipped = pack(options.folder, options.out, captions, data.loader.num_workers)
    if skipped:
        unusable = [image for image in skipped if image.is_unusable]
        if unusable:
            print(describe_skipped(unusable, count + len(unusable)))
        print(f"the images left out are listed in {options.out / 'skipped.csv'}")
    print(pluralize(count, "image is packed", "images are packed"))
    print(f"train with  {train_command()} data=packed data.dir={options.out}")
