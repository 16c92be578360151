"""`python -m ocr curve`: a learning curve over the number of labels."""

import argparse

from ocr.cli.arguments import Commands, add_experiment_arguments, integer
from ocr.errors import UserError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    curve = commands.add_parser("curve", help="measure a learning curve over the number of labels")
    add_experiment_arguments(curve)
    curve.add_argument(
        "--sizes",
        nargs="+",
        default=[],
        metavar="N",
        help="numbers of training images (default: an eighth of the images to all of them)",
    )
    curve.add_argument(
        "--seeds",
        type=integer(1),
        default=1,
        metavar="N",
        help="models per size, each with another seed (default: 1)",
    )
    curve.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from ocr.analysis.learning_curve import measure_learning_curve

    # --sizes also takes the overrides that follow it.
    overrides = [word for word in options.sizes if "=" in word] + options.overrides
    numbers = [
        part for word in options.sizes if "=" not in word for part in word.split(",") if part
    ]
    if wrong := [number for number in numbers if not number.isdecimal()]:
        raise UserError(f"--sizes {wrong[0]}: give numbers of images, such as --sizes 100 200 400")
    sizes = [int(number) for number in numbers]
    measure_learning_curve(
        options.folder, options.labels, sizes, options.seeds, options.out, overrides
    )
