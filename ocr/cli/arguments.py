"""Arguments that several commands take."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from ocr.config.suggest import guess_key
from ocr.errors import did_you_mean

# argparse has no public name for what `add_subparsers` returns; used in annotations only.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Parser(argparse.ArgumentParser):
    """The parser of argparse, with one-line errors that suggest what was probably meant."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with 2."""
        self.exit(2, f"error: {message} ({self.prog} --help)\n")

    def refuse(self, words: Sequence[str]) -> NoReturn:
        """Exit with 2 and name the first word that is neither an option nor KEY=VALUE.

        Args:
            words: What argparse could not parse.
        """
        wrong = [i for i, word in enumerate(words) if "=" not in word or word.startswith("-")]
        first = (wrong or [0])[0]
        name, _, value = words[first].partition("=")
        if not name.startswith("-"):
            self.error(f"{name}: unexpected argument; write values as KEY=VALUE")
        following = "".join(words[first + 1 : first + 2])
        if not value and "=" not in following and not following.startswith("-"):
            value = following
        guess = did_you_mean(name, re.findall(r"--[\w-]+", self.format_usage()))
        if not guess and "KEY=VALUE" in self.format_usage() and (key := guess_key(name)):
            guess = f" Did you mean {key}={value or '...'}?"
        self.error(f"{name}: no such option.{guess}")


def add_folder(command: argparse.ArgumentParser) -> None:
    """Add PATH and --labels to a command."""
    command.add_argument("folder", type=Path, metavar="PATH", help="a folder of captioned images")
    command.add_argument(
        "--labels", metavar="FILE", help="the source of the captions, as data.labels in training"
    )


def add_overrides(command: argparse.ArgumentParser) -> None:
    """Add KEY=VALUE ... to a command."""
    # Without a default, argparse lists them among the required arguments.
    command.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="any override of a training run",
    )


def add_experiment_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of commands that train several times."""
    add_folder(command)
    command.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="the folder of the results; an interrupted experiment continues there",
    )
    add_overrides(command)


def integer(minimum: int) -> Callable[[str], int]:
    """Return the `type` of an argument that is an integer of at least `minimum`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text}: give a whole number, {minimum} or more")
        return int(text)

    return parse
