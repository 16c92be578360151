"""`python -m ocr folds`: cross-validation."""

import argparse

from ocr.cli.arguments import Commands, add_experiment_arguments, integer


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    folds = commands.add_parser("folds", help="estimate accuracy by cross-validation")
    add_experiment_arguments(folds)
    folds.add_argument(
        "--folds", type=integer(2), default=5, metavar="N", help="number of folds (default: 5)"
    )
    folds.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.analysis.cross_validation import cross_validate

    cross_validate(options.folder, options.labels, options.folds, options.out, options.overrides)
