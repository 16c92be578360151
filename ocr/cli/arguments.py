"""Arguments that several commands take."""

import argparse
from collections.abc import Callable
from pathlib import Path

Commands = argparse._SubParsersAction


def add_folder(command: argparse.ArgumentParser) -> None:
    """PATH and --labels."""
    command.add_argument("folder", type=Path, metavar="PATH", help="a folder of captioned images")
    command.add_argument(
        "--labels", metavar="FILE", help="where the captions are, as data.labels of train.py"
    )


def add_overrides(command: argparse.ArgumentParser) -> None:
    """KEY=VALUE ..."""
    # Without a default, argparse counts them among what is required.
    command.add_argument(
        "overrides", nargs="*", default=[], metavar="KEY=VALUE", help="any override of train.py"
    )


def number(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text}: give a whole number, {least} or more")
        return int(text)

    return parse
