"""`python -m ocr doctor`: what is wrong with a folder of images."""

import argparse
import sys
from contextlib import redirect_stdout

from ocr.cli.arguments import Commands, add_folder, add_overrides
from ocr.errors import UserError


def add(commands: Commands) -> None:
    """Tell argparse of it."""
    doctor = commands.add_parser("doctor", help="tell what is wrong with a folder of images")
    add_folder(doctor)
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    doctor.add_argument(
        "--mend",
        metavar="KIND",
        help="only print the shell commands that mend this kind of finding",
    )
    add_overrides(doctor)
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.doctor.doctor import findings
    from ocr.doctor.rendering import as_json, show
    from ocr.doctor.scan import examine

    with redirect_stdout(sys.stderr):  # a progress bar is no part of the report
        seen = examine(options.folder, options.labels, options.overrides)
        found = findings(seen)
    if options.mend:
        commands = [line for one in found if one.kind == options.mend for line in one.commands]
        if not commands:
            kinds = ", ".join(one.kind for one in found if one.commands) or "none"
            there = any(one.kind == options.mend for one in found)
            why = "a finding that no shell command mends" if there else "no such finding here"
            raise UserError(f"--mend {options.mend}: {why} (commands mend: {kinds})")
        print(*commands, sep="\n")
        return
    if options.json:
        print(as_json(seen, found))
    else:
        show(seen, found)
    if seen.refusal:
        sys.stdout.flush()
        sys.exit(1)
