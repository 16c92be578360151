"""The commands of `python -m ocr`."""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial

from ocr.cli import doctor, measure, pack, read
from ocr.errors import plain_errors


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; exits with 1 after a mistake, and 2 after one in the command line itself."""
    parser = argparse.ArgumentParser(prog="python -m ocr", description=__doc__)
    whole = partial(argparse.ArgumentParser, allow_abbrev=False)  # --fold isn't --folds
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=whole)
    for command in (read, doctor, measure, pack):
        command.add(commands)
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
