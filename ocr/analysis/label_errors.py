"""Label errors: find captions that are probably wrong, by models not trained on them.

Like confident learning (Northcutt et al. 2021, arXiv:1911.00068), this compares the probability
that out-of-fold models give to the caption (its self-confidence) with that of their own reading.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ocr.analysis.confusions import Confusions
from ocr.analysis.cross_validation import RESERVED, copy_skipped, report_skipped, train_folds
from ocr.analysis.experiment import Experiment
from ocr.analysis.html import write_page
from ocr.data.manifest import Prediction
from ocr.reader import Reader

BATCH_SIZE = 64
MAX_PRINTED = 30  # rows in the terminal
MAX_ON_PAGE = 500  # rows in the HTML page
MIN_EXACT_MATCH = 0.2  # models that read fewer captions right can't judge them
MAX_MARGIN = 3.0  # between the log probabilities of the caption and a correction


class TextScores(NamedTuple):
    """The probabilities of an image's texts, by the models of its fold.

    Attributes:
        file: The image.
        label: Its caption.
        reading: The most probable text.
        log_confidence: Log probability of the reading.
        log_self_confidence: Log probability of the caption.
    """

    file: str
    label: str
    reading: str
    log_confidence: float
    log_self_confidence: float


class LabelIssue(NamedTuple):
    """A caption that may be wrong.

    Attributes:
        file: The image.
        label: Its caption.
        reading: The text that it probably shows.
        confidence: Probability of the reading, 0 to 1.
        log_odds: Log odds that the caption is wrong, from the image and how common the confusion
            is.
    """

    file: str
    label: str
    reading: str
    confidence: float
    log_odds: float


def report_label_errors(
    folder: Path,
    labels: str | None,
    folds: int,
    seeds: int,
    out: Path | None,
    overrides: Sequence[str],
    as_json: bool,
) -> None:
    """Train models for each fold, and rank the captions that they contradict.

    Writes suspects.csv and suspects.html, and prints a table or JSON lines.

    Args:
        folder: Holds the images.
        labels: The source of the captions, as `data.labels`.
        folds: Number of folds.
        seeds: Number of models per fold.
        out: Folder for the runs; None makes one.
        overrides: Overrides of all runs.
        as_json: Print one JSON object per caption instead of a table.
    """
    experiment = Experiment(folder, labels, overrides, reserved=RESERVED)
    runs, fold_runs = train_folds(experiment, folds, out, "suspects", seeds)
    by_fold = list(_batches(fold_runs, seeds))
    predictions = [runs.predictions(seed_runs[0]) for seed_runs in by_fold]
    load_models = [
        partial(_load_readers, [runs.folder(run) for run in seed_runs]) for seed_runs in by_fold
    ]
    found = find_label_issues(predictions, load_models)
    images = sum(map(len, predictions))
    right = sum(row.reading == row.label for fold in predictions for row in fold)
    if right < MIN_EXACT_MATCH * images:
        runs.info(
            f"the models agree with only {right / images:.0%} of the captions, too few to judge "
            "the others: train longer with trainer.max_epochs"
        )
    issues = [one._replace(file=experiment.relative_name(one.file)) for one in found]
    _write(issues, runs.out / "suspects.csv")
    page = runs.out / "suspects.html"
    heading = f"{len(found):,} of {images:,} captions may be wrong"
    rows = [(one.file, *issue) for one, issue in zip(found, issues, strict=True)]
    write_page(rows[:MAX_ON_PAGE], heading, page, experiment.config.data.frame)
    if as_json:
        for one in issues:
            row = one._asdict()
            del row["log_odds"]
            print(json.dumps(row, ensure_ascii=False))
    else:
        _print_table(issues[:MAX_PRINTED])
        if len(issues) > MAX_PRINTED:
            runs.info(f"and {len(issues) - MAX_PRINTED:,} more, all in {runs.out / 'suspects.csv'}")
    runs.info(heading)
    report_skipped(runs, copy_skipped(runs, fold_runs[0]))
    runs.info(f"look at     {page}")


def find_label_issues(
    folds: Sequence[Sequence[Prediction]], load_models: Sequence[Callable[[], Sequence[Reader]]]
) -> list[LabelIssue]:
    """Rank the captions that are probably wrong.

    These are the captions that the models contradict. Since models can learn a frequent confusion,
    captions with a confusion that was contradicted elsewhere are included as well, unless the
    models rule out its correction.

    Args:
        folds: Out-of-fold predictions by fold.
        load_models: A function for each fold that loads the models not trained on it.

    Returns:
        The issues, the most probable ones first.
    """
    scores: list[TextScores] = []
    for rows, load in zip(folds, load_models, strict=True):
        readers = load()
        for batch in _batches(rows, BATCH_SIZE):
            scores += score_texts(batch, readers)
    confusions = Confusions([(one.label, one.reading) for one in scores])
    contradicted = {one.file: one for one in scores if one.reading != one.label}
    issues = [_make_issue(one, confusions, counted=True) for one in contradicted.values()]
    for rows, load in zip(folds, load_models, strict=True):
        candidates = [
            row
            for row in rows
            if row.file not in contradicted and confusions.corrections(row.label)
        ]
        readers = load() if candidates else []
        for batch in _batches(candidates, BATCH_SIZE):
            corrections = [confusions.corrections(row.label) for row in batch]
            issues += [
                _make_issue(one, confusions, counted=False)
                for one in score_texts(batch, readers, corrections)
                if one.log_self_confidence - one.log_confidence < MAX_MARGIN
            ]
    return sorted(issues, key=lambda one: (-one.log_odds, -one.confidence, one.file))


def score_texts(
    rows: Sequence[Prediction],
    readers: Sequence[Reader],
    corrections: Sequence[Sequence[str]] | None = None,
) -> list[TextScores]:
    """Find the most probable text of each image in a batch.

    A text's probability is its mean over the models, so that the mistake of a single model doesn't
    make a caption suspect.

    Args:
        rows: The images and their captions.
        readers: The models.
        corrections: The texts to choose from for each image; None: the caption and the readings of
            all models.
    """
    images = [[reader.preprocessor.decode(row.file) for row in rows] for reader in readers]
    if corrections is None:
        readings = [r.read_decoded(some) for r, some in zip(readers, images, strict=True)]
        choices = [
            [row.label, *(reading.text for reading in some)]
            for row, *some in zip(rows, *readings, strict=True)
        ]
    else:
        choices = [list(some) for some in corrections]
    texts = [list(dict.fromkeys([r.label, *some])) for r, some in zip(rows, choices, strict=True)]
    log_probabilities = [
        reader.log_probabilities(some, texts) for reader, some in zip(readers, images, strict=True)
    ]
    found = []
    for row, some, candidates, *by_model in zip(
        rows, texts, choices, *log_probabilities, strict=True
    ):
        means = dict(zip(some, map(_log_mean_exp, zip(*by_model, strict=True)), strict=True))
        reading = max(candidates, key=means.__getitem__)
        found.append(TextScores(row.file, row.label, reading, means[reading], means[row.label]))
    return found


def _make_issue(one: TextScores, confusions: Confusions, counted: bool) -> LabelIssue:
    log_odds = one.log_confidence - one.log_self_confidence
    log_odds += confusions.log_odds(one.label, one.reading, counted)
    return LabelIssue(one.file, one.label, one.reading, math.exp(one.log_confidence), log_odds)


def _load_readers(folders: Sequence[Path]) -> list[Reader]:
    return [Reader.load(folder / "best.ckpt") for folder in folders]


def _log_mean_exp(values: Sequence[float]) -> float:
    """Return the logarithm of the mean of numbers given as logarithms."""
    return float(np.logaddexp.reduce(values)) - math.log(len(values))


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _write(issues: Sequence[LabelIssue], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LabelIssue._fields)
        for one in issues:
            writer.writerow((*one[:3], f"{one.confidence:.6g}", f"{one.log_odds:.6g}"))


def _print_table(issues: Sequence[LabelIssue]) -> None:
    table = Table("", "file", "caption", "reading", "confidence")
    for column in (table.columns[0], table.columns[-1]):
        column.justify = "right"
    for number, one in enumerate(issues, start=1):
        texts = map(Text, (one.file, one.label, one.reading))
        table.add_row(str(number), *texts, f"{one.confidence:.0%}")
    Console().print(table)
