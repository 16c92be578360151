"""Cross-validation: every image is read by a model that has not seen it."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from ocr.analysis.experiment import Source, samples_of
from ocr.analysis.runs import Job, Runs
from ocr.analysis.scores import scores
from ocr.data.datamodule import DataModule
from ocr.data.duplicates import duplicate_groups
from ocr.data.manifest import read_skipped
from ocr.data.split import cut
from ocr.errors import UserError
from ocr.pluralize import pluralize

# Folders that are split already have no folds.
OURS = ("data.train_dir", "data.val_dir", "data.test_dir")


class Outside(NamedTuple):
    """What was read in an image by a model that has not seen it. fold: the one it lies in."""

    file: str
    label: str
    reading: str
    confidence: float
    fold: int


def folds(
    folder: Path, labels: str | None, count: int, out: Path | None, overrides: Sequence[str]
) -> None:
    """Train once for each fold, read that fold, and tell how good all readings are together."""
    source = Source(folder, labels, overrides, ours=OURS)
    runs, jobs = train_folds(source, count, out, "folds")
    readings = [
        Outside(source.name(one.file), *one[1:], fold)
        for fold, job in enumerate(jobs)
        for one in runs.predictions(job)
    ]
    _write(runs.out / "predictions.csv", sorted(readings))
    pooled = scores([(one.label, one.reading) for one in readings])
    parts = [
        scores([(one.label, one.reading) for one in readings if one.fold == fold])
        for fold in range(count)
    ]
    skipped = left_out(runs, jobs[0])
    result = {**pooled, "images_skipped": skipped, "folds": parts}
    (runs.out / "scores.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _show([*parts, pooled])
    if skipped:
        missing = pluralize(skipped, "image is", "images are")
        runs.info(f"{missing} left out, listed in {runs.out / 'skipped.csv'}")
    runs.info(f"readings    {runs.out / 'predictions.csv'}, scores in {runs.out / 'scores.json'}")


def train_folds(
    source: Source, count: int, out: Path | None, command: str, seeds: int = 1
) -> tuple[Runs, list[Job]]:
    """Train what isn't trained yet; returns the jobs fold by fold, the seeds of each together."""
    if not source.config.callbacks.get("predictions"):
        raise UserError("callbacks.predictions=null: this command needs what it writes")
    fold = [f"data.folds={count}"]
    data = source.open(*fold)
    _require_partition(data, count)
    runs = Runs(out, command, source.words, source.plan(data))
    first = source.config.seed
    jobs = [
        Job(
            f"fold_{k}_of_{count}_seed_{seed}",
            f"fold {k}" + (f", seed {seed}" if seeds > 1 else ""),
            [*fold, f"data.fold={k}", f"seed={seed}"],
        )
        for k in range(count)
        for seed in range(first, first + seeds)
    ]
    runs.do(jobs)
    return runs, jobs


def left_out(runs: Runs, job: Job) -> int:
    """How many images no run could use: the same in all, so the list of one is copied."""
    skipped = read_skipped(runs.folder(job))
    if skipped:
        shutil.copyfile(runs.folder(job) / "skipped.csv", runs.out / "skipped.csv")
    return sum(one.lost for one in skipped)


def _require_partition(data: DataModule, count: int) -> None:
    """Where there are too few images for the parts, a fold would borrow from another."""
    samples = samples_of(data)
    numbers = np.array(duplicate_groups(samples), np.uint64)
    starts = [k / count for k in range(count)]
    tested = Counter(
        int(i) for start in starts for i in cut(numbers, data.shares, start, even=True)["test"]
    )
    if len(tested) < len(samples) or max(tested.values()) > 1:
        raise UserError(
            f"{len(np.unique(numbers))} different images (or groups) are too few for "
            f"--folds {count}"
        )


def _write(path: Path, readings: Sequence[Outside]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Outside._fields)
        writer.writerows(one._replace(confidence=f"{one.confidence:.6g}") for one in readings)


def _show(rows: Sequence[dict]) -> None:
    """A row a fold, and one for all together."""
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
