"""`python -m ocr suspects`: probable label errors."""

import argparse

from ocr.cli.arguments import Commands, add_experiment_arguments, integer


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    suspects = commands.add_parser("suspects", help="rank probable label errors")
    add_experiment_arguments(suspects)
    suspects.add_argument(
        "--folds",
        type=integer(2),
        default=5,
        metavar="N",
        help="number of cross-validation folds (default: 5)",
    )
    suspects.add_argument(
        "--seeds",
        type=integer(1),
        default=1,
        metavar="N",
        help="models per fold, each with another seed (default: 1)",
    )
    suspects.add_argument(
        "--json",
        action="store_true",
        help='print JSON lines with "file", "label", "reading" and "confidence"',
    )
    suspects.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.analysis.label_errors import report_label_errors

    report_label_errors(
        options.folder,
        options.labels,
        options.folds,
        options.seeds,
        options.out,
        options.overrides,
        options.json,
    )
