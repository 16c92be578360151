"""`python -m ocr doctor`: report problems of a folder of captioned images."""

import argparse
import sys
from contextlib import redirect_stdout

from ocr.cli.arguments import Commands, add_folder, add_overrides
from ocr.errors import UserError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    doctor = commands.add_parser("doctor", help="report problems of a folder of captioned images")
    add_folder(doctor)
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.add_argument(
        "--fix",
        metavar="KIND",
        help="print only the shell commands that fix this kind of finding",
    )
    add_overrides(doctor)
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.doctor.checks import find_issues
    from ocr.doctor.report import as_json, print_report
    from ocr.doctor.scan import scan_folder

    with redirect_stdout(sys.stderr):  # keeps progress bars out of the report
        scan = scan_folder(options.folder, options.labels, options.overrides)
        findings = find_issues(scan)
    if options.fix:
        chosen = next((f for f in findings if f.kind == options.fix), None)
        if not (chosen and chosen.fix.commands):
            kinds = ", ".join(f.kind for f in findings if f.fix.commands) or "none"
            why = "no shell command fixes this finding" if chosen else "no such finding here"
            raise UserError(f"--fix {options.fix}: {why}. Choose from: {kinds}")
        print(*chosen.fix.commands, sep="\n")
        return
    if options.json:
        print(as_json(scan, findings))
    else:
        print_report(scan, findings)
    if scan.refusal:
        sys.stdout.flush()
        sys.exit(1)
