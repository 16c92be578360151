"""The commands of `python -m ocr`."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from io import TextIOWrapper
from typing import Any

from ocr import __version__
from ocr.cli import curve, doctor, folds, pack, read, suspects, train
from ocr.cli.arguments import Parser
from ocr.config.error_reporting import report_errors
from ocr.config.program import ocr_command
from ocr.errors import did_you_mean


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Exits with 1 after a `UserError` and with 2 if argparse refuses the command line.

    Args:
        arguments: The command and its arguments; None: those of the process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["train"]:  # Hydra parses its command line
        train.main(arguments[1:])
        return
    parser = Parser(prog=ocr_command(), description=__doc__)
    parser.add_argument("--version", action="version", version=f"surrogate-ocr {__version__}")
    command_parser: Any = partial(Parser, allow_abbrev=False)  # --fold isn't --folds
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=command_parser)
    commands.add_parser("train", help="train a reader, or search for the best one")
    for command in (read, doctor, folds, curve, suspects, pack):
        command.add(commands)
    typed = next((word for word in arguments if not word.startswith("-")), None)
    if typed is not None and typed not in commands.choices:
        guess = did_you_mean(typed, commands.choices)
        parser.error(f"{typed}: no such command.{guess} There are: {', '.join(commands.choices)}")
    options, rest = parser.parse_known_args(arguments)
    if not hasattr(options, "run"):
        if rest:
            parser.error(f"unrecognized arguments: {rest[0]}")
        parser.print_help()
        return
    # argparse leaves the overrides that follow an option to the caller.
    unknown = [word for word in rest if "=" not in word or word.startswith("-")]
    if unknown or (rest and not hasattr(options, "overrides")):
        commands.choices[options.command].refuse(rest)
    if rest:
        options.overrides = [*options.overrides, *rest]
    # Captions may have characters that the terminal's encoding lacks.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with report_errors():
        if overrides := getattr(options, "overrides", ()):
            from ocr.config.command_line import require_pairs  # imports Hydra

            require_pairs(overrides)
        try:
            options.run(options)
            sys.stdout.flush()
        except BrokenPipeError:  # such as `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
