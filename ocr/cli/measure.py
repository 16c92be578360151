"""`python -m ocr folds`, `curve` and `suspects`: what several trainings tell together."""

import argparse
from pathlib import Path

from ocr.cli.arguments import Commands, add_folder, add_overrides, number
from ocr.errors import UserError


def add(commands: Commands) -> None:
    """Tell argparse of them."""
    _add_folds(commands)
    _add_curve(commands)
    _add_suspects(commands)


def _add_folds(commands: Commands) -> None:
    folds = commands.add_parser("folds", help="cross-validate: read each image by a model apart")
    _add_runs(folds)
    folds.add_argument("--folds", type=number(2), default=5, metavar="N", help="5, or 2 and more")
    folds.set_defaults(run=_folds)


def _add_curve(commands: Commands) -> None:
    curve = commands.add_parser("curve", help="train on more and more labels: would more help?")
    _add_runs(curve)
    curve.add_argument(
        "--sizes", nargs="+", default=[], metavar="N", help="numbers of training images"
    )
    curve.add_argument(
        "--seeds", type=number(1), default=1, metavar="N", help="trainings for each size"
    )
    curve.set_defaults(run=_curve)


def _add_suspects(commands: Commands) -> None:
    suspects = commands.add_parser("suspects", help="rank the captions that are probably wrong")
    _add_runs(suspects)
    suspects.add_argument("--folds", type=number(2), default=5, metavar="N", help="5, or 2 ...")
    suspects.add_argument(
        "--seeds", type=number(1), default=1, metavar="N", help="models that read each image"
    )
    suspects.add_argument(
        "--json",
        action="store_true",
        help='one JSON object a line, with "file", "label", "reading" and "confidence"',
    )
    suspects.set_defaults(run=_suspects)


def _add_runs(command: argparse.ArgumentParser) -> None:
    add_folder(command)
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="for its files; with one from before, goes on"
    )
    add_overrides(command)


def _folds(options: argparse.Namespace) -> None:
    from ocr.analysis.cross_validation import cross_validate

    cross_validate(options.folder, options.labels, options.folds, options.out, options.overrides)


def _curve(options: argparse.Namespace) -> None:
    from ocr.analysis.learning_curve import measure_learning_curve

    words = [part for word in options.sizes if "=" not in word for part in word.split(",") if part]
    overrides = [word for word in options.sizes if "=" in word] + options.overrides
    if wrong := [word for word in words if not word.isdecimal()]:
        raise UserError(f"--sizes {wrong[0]}: give numbers of images, such as --sizes 100 200 400")
    sizes = [int(word) for word in words]
    measure_learning_curve(
        options.folder, options.labels, sizes, options.seeds, options.out, overrides
    )


def _suspects(options: argparse.Namespace) -> None:
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
