"""Cross-validation: every image is read by a model that was not trained on it."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from ocr.analysis.experiment import Experiment, all_samples
from ocr.analysis.runs import Run, Runs
from ocr.analysis.scores import compute_scores
from ocr.data.datamodule import OCRDataModule
from ocr.data.manifest import read_skipped
from ocr.data.split import cut
from ocr.errors import UserError
from ocr.formatting import pluralize

# Overrides that exclude cross-validation: with them, the folder is already split.
RESERVED = ("data.train_dir", "data.val_dir", "data.test_dir")


class OutOfFoldPrediction(NamedTuple):
    """The reading of an image by the model that was not trained on its fold."""

    file: str
    label: str
    reading: str
    confidence: float
    fold: int


def cross_validate(
    folder: Path, labels: str | None, folds: int, out: Path | None, overrides: Sequence[str]
) -> None:
    """Train one model per fold, and score their out-of-fold predictions together.

    Writes predictions.csv and scores.json, and prints a table.

    Args:
        folder: Holds the images.
        labels: The source of the captions, as `data.labels`.
        folds: Number of folds.
        out: Folder for the runs; None makes one.
        overrides: Overrides of all runs.
    """
    experiment = Experiment(folder, labels, overrides, reserved=RESERVED)
    runs, fold_runs = train_folds(experiment, folds, out, "folds")
    predictions = [
        OutOfFoldPrediction(experiment.relative_name(one.file), *one[1:], fold)
        for fold, run in enumerate(fold_runs)
        for one in runs.predictions(run)
    ]
    _write(runs.out / "predictions.csv", sorted(predictions))
    pooled = _score(predictions)
    parts = [_score(one for one in predictions if one.fold == fold) for fold in range(folds)]
    skipped = copy_skipped(runs, fold_runs[0])
    result = {**pooled, "images_skipped": skipped, "folds": parts}
    (runs.out / "scores.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _print_table([*parts, pooled])
    report_skipped(runs, skipped)
    runs.info(f"readings    {runs.out / 'predictions.csv'}, scores in {runs.out / 'scores.json'}")


def train_folds(
    experiment: Experiment, folds: int, out: Path | None, command: str, seeds: int = 1
) -> tuple[Runs, list[Run]]:
    """Train the models of all folds, except those that are already trained.

    Args:
        experiment: What all runs have in common.
        folds: Number of folds.
        out: Folder for the runs; None makes one.
        command: Name of the command, for the new folder.
        seeds: Number of models per fold.

    Returns:
        The folder of runs, and its runs: all seeds of the first fold, then those of the next.

    Raises:
        UserError: There are too few images, or a run failed.
    """
    if not experiment.config.callbacks.get("predictions"):
        raise UserError(
            "callbacks.predictions=null: leave that out, the command needs predictions.csv"
        )
    data = experiment.load_data(f"data.folds={folds}")
    _require_partition(data, folds)
    runs = Runs(out, command, experiment.overrides, experiment.plan(data))
    first = experiment.config.seed
    fold_runs = [
        Run(
            f"fold_{fold}_of_{folds}_seed_{seed}",
            f"fold {fold}" + (f", seed {seed}" if seeds > 1 else ""),
            [f"data.folds={folds}", f"data.fold={fold}", f"seed={seed}"],
        )
        for fold in range(folds)
        for seed in range(first, first + seeds)
    ]
    runs.train(fold_runs)
    return runs, fold_runs


def copy_skipped(runs: Runs, run: Run) -> int:
    """Copy skipped.csv of a run, which is the same in all runs.

    Returns:
        The number of images that no run could use.
    """
    skipped = read_skipped(runs.folder(run))
    if skipped:
        shutil.copyfile(runs.folder(run) / "skipped.csv", runs.out / "skipped.csv")
    return sum(one.is_unusable for one in skipped)


def report_skipped(runs: Runs, count: int) -> None:
    """Print how many images were skipped, if any."""
    if count:
        images = pluralize(count, "image is", "images are")
        runs.info(f"{images} skipped, listed in {runs.out / 'skipped.csv'}")


def _require_partition(data: OCRDataModule, folds: int) -> None:
    """Raise UserError unless each image is tested exactly once."""
    samples = all_samples(data)
    groups, shares = data.splitter.groups(samples), data.splitter.shares
    starts = [fold / folds for fold in range(folds)]
    tested = Counter(
        int(i) for start in starts for i in cut(groups, shares, start, even=True)["test"]
    )
    if len(tested) < len(samples) or max(tested.values()) > 1:
        raise UserError(
            f"{len(np.unique(groups))} different images (or groups) are too few for --folds {folds}"
            ": give fewer"
        )


def _score(predictions: Iterable[OutOfFoldPrediction]) -> dict[str, Any]:
    return compute_scores([(one.label, one.reading) for one in predictions])


def _write(path: Path, predictions: Sequence[OutOfFoldPrediction]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(OutOfFoldPrediction._fields)
        for one in predictions:
            writer.writerow((*one[:3], f"{one.confidence:.6g}", one.fold))


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print a row per fold, and one for all folds together."""
    table = Table("fold", "images", "exact match", "95 % interval", "CER", "95 % interval")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in zip([*map(str, range(len(rows) - 1)), "all"], rows, strict=True):
        if name == "all":
            table.add_section()
        table.add_row(
            name,
            f"{row['images']:,}",
            f"{row['exact_match']:.1%}",
            "{:.1%} to {:.1%}".format(*row["exact_match_ci95"]),
            f"{row['cer']:.2%}",
            "{:.2%} to {:.2%}".format(*row["cer_ci95"]),
        )
    Console().print(table)
