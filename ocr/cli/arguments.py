"""Arguments that several commands take."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ocr.config.suggest import meant_by
from ocr.errors import did_you_mean

Commands = argparse._SubParsersAction


class Parser(argparse.ArgumentParser):
    """Argparse's, which says in one line what is wrong, and what is meant."""

    def error(self, message: str) -> NoReturn:
        """End with 2."""
        if unknown := re.match(r"argument COMMAND: invalid choice: '(.*?)'", message):
            commands = re.findall(r"[a-z]+", message.rpartition("choose from")[2])
            message = f"{unknown[1]}: no such command.{did_you_mean(unknown[1], commands)}"
            message += f" There are: {', '.join(commands)}"
        self.exit(2, f"error: {message} ({self.prog} --help)\n")

    def refuse(self, words: Sequence[str]) -> NoReturn:
        """End with 2 for the first of `words` that is no option, nor KEY=VALUE."""
        wrong = [i for i, word in enumerate(words) if "=" not in word or word.startswith("-")]
        place = (wrong or [0])[0]
        name, _, value = words[place].partition("=")
        if not name.startswith("-"):
            self.error(f"{name}: nothing that belongs here; values are given as KEY=VALUE")
        following = "".join(words[place + 1 : place + 2])
        if not value and "=" not in following and not following.startswith("-"):
            value = following
        meant = did_you_mean(name, re.findall(r"--[\w-]+", self.format_usage()))
        if not meant and "KEY=VALUE" in self.format_usage() and (key := meant_by(name)):
            meant = f" Did you mean {key}={value or '...'}?"
        self.error(f"{name}: no such option.{meant}")


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
