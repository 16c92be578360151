"""Which captions are wrong? Those that models which haven't seen them contradict."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ocr.analysis.confusions import Confusions
from ocr.analysis.cross_validation import OURS, left_out, train_folds
from ocr.analysis.experiment import Source
from ocr.analysis.html import write_page
from ocr.data.manifest import Prediction
from ocr.pluralize import pluralize
from ocr.reader import Reader

BATCH = 64  # images read at once
SHOWN = 30  # rows in the terminal
ON_PAGE = 500
LEAST = 0.2  # of the captions, read as they are; models that read less can't judge
RULED_OUT = 3.0  # a text is, that is so much less probable than the caption: e^3, about 20 times


class Opinion(NamedTuple):
    """What models say of an image. Logarithms of the probabilities of reading and caption."""

    file: str
    label: str
    reading: str
    of_reading: float
    of_label: float


class Suspect(NamedTuple):
    """A caption that may be wrong. confidence: the probability of the reading, 0 to 1.

    log_odds: that the caption is wrong, by the image and by how usual such a mistake is.
    """

    file: str
    label: str
    reading: str
    confidence: float
    log_odds: float


def suspects(
    folder: Path,
    labels: str | None,
    count: int,
    seeds: int,
    out: Path | None,
    overrides: Sequence[str],
    as_json: bool,
) -> None:
    """Train once for each fold and seed, and rank the captions of all folds."""
    source = Source(folder, labels, overrides, ours=OURS)
    runs, jobs = train_folds(source, count, out, "suspects", seeds)
    folds = [[runs.folder(job) for job in some] for some in _batches(jobs, seeds)]
    opinions = [runs.predictions(some[0]) for some in _batches(jobs, seeds)]
    found = rank(opinions, [lambda some=some: _readers(some) for some in folds])
    images = sum(map(len, opinions))
    right = sum(row.reading == row.label for some in opinions for row in some)
    if right < LEAST * images:
        runs.info(
            f"only {right / images:.0%} of the captions are what the models read: they have "
            "learnt too little to judge them (trainer.max_epochs trains longer)"
        )
    named = [one._replace(file=source.name(one.file)) for one in found]
    _write(named, runs.out / "suspects.csv")
    page = runs.out / "suspects.html"
    rows = [(one.file, *new) for one, new in zip(found[:ON_PAGE], named[:ON_PAGE], strict=True)]
    words = f"{len(found):,} of {images:,} captions are suspect"
    write_page(rows, words, page, source.config.data.frame)
    if as_json:
        for one in named:
            print(json.dumps(_public(one), ensure_ascii=False))
    else:
        _show(named[:SHOWN])
        if len(named) > SHOWN:
            runs.info(f"and {len(named) - SHOWN:,} more, all in {runs.out / 'suspects.csv'}")
    runs.info(words)
    if skipped := left_out(runs, jobs[0]):
        missing = pluralize(skipped, "image is", "images are")
        runs.info(f"{missing} left out, listed in {runs.out / 'skipped.csv'}")
    runs.info(f"look at     {page}")


def rank(
    folds: Sequence[Sequence[Prediction]], models: Sequence[Callable[[], Sequence[Reader]]]
) -> list[Suspect]:
    """The suspect ones of all folds' captions, the most suspect first.

    models: load the readers of each fold. Those captions are suspect that they contradict; and
    those, if the readers don't rule it out, that have a slip for which others were contradicted:
    it can be learnt, when it is frequent.
    """
    first: list[Opinion] = []
    for rows, load in zip(folds, models, strict=True):
        readers = load()
        for batch in _batches(rows, BATCH):
            first += opinions(batch, readers, [[] for _ in batch])
    confusions = Confusions([(one.label, one.reading) for one in first])
    contradicted = {one.file: one for one in first if one.reading != one.label}
    found = [_suspect(one, confusions, seen=True) for one in contradicted.values()]
    for rows, load in zip(folds, models, strict=True):
        doubtful = [
            row
            for row in rows
            if row.file not in contradicted and confusions.alternatives(row.label)
        ]
        readers = load() if doubtful else []
        for batch in _batches(doubtful, BATCH):
            others = [confusions.alternatives(row.label) for row in batch]
            found += [
                _suspect(one, confusions, seen=False)
                for one in opinions(batch, readers, others, choose=True)
                if one.of_reading - one.of_label > -RULED_OUT
            ]
    return sorted(found, key=lambda one: (-one.log_odds, -one.confidence, one.file))


def opinions(
    rows: Sequence[Prediction],
    readers: Sequence[Reader],
    others: Sequence[Sequence[str]],
    choose: bool = False,
) -> list[Opinion]:
    """Of a batch. The reading is the most probable of the caption, what the readers read, and
    `others`; choose: of `others` only.

    A text's probability is the mean of what the `readers` give it: what only one of them
    misreads doesn't make a caption suspect.
    """
    decoded = [[reader.preprocessor.decode(row.file) for row in rows] for reader in readers]
    read = [reader.read_decoded(images) for reader, images in zip(readers, decoded, strict=True)]
    texts = [
        [*dict.fromkeys([row.label, *more, *(reading.text for reading in said)])]
        for row, more, *said in zip(rows, others, *read, strict=True)
    ]
    values = [
        reader.log_probabilities(images, texts)
        for reader, images in zip(readers, decoded, strict=True)
    ]
    found = []
    for row, said, more, *each in zip(rows, texts, others, *values, strict=True):
        means = dict(zip(said, map(_log_mean, zip(*each, strict=True)), strict=True))
        reading = max(more if choose else said, key=means.__getitem__)
        found.append(Opinion(row.file, row.label, reading, means[reading], means[row.label]))
    return found


def _suspect(one: Opinion, confusions: Confusions, seen: bool) -> Suspect:
    margin = one.of_reading - one.of_label
    usual = confusions.log_odds(one.label, one.reading, seen)
    return Suspect(one.file, one.label, one.reading, math.exp(one.of_reading), margin + usual)


def _readers(folders: Sequence[Path]) -> list[Reader]:
    return [Reader.load(folder / "best.ckpt") for folder in folders]


def _log_mean(logarithms: Sequence[float]) -> float:
    """The logarithm of the mean of numbers, given by their logarithms."""
    most = max(logarithms)
    if most == -math.inf:
        return most
    return most + math.log(sum(math.exp(each - most) for each in logarithms) / len(logarithms))


def _batches(items: Sequence, size: int) -> Iterator[Sequence]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _public(one: Suspect) -> dict[str, str | float]:
    return {key: value for key, value in one._asdict().items() if key != "log_odds"}


def _write(found: Sequence[Suspect], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Suspect._fields)
        writer.writerows(
            one._replace(confidence=f"{one.confidence:.6g}", log_odds=f"{one.log_odds:.6g}")
            for one in found
        )


def _show(found: Sequence[Suspect]) -> None:
    table = Table("", "file", "caption", "reading", "confidence")
    for column in (table.columns[0], table.columns[-1]):
        column.justify = "right"
    for number, one in enumerate(found, start=1):
        table.add_row(
            str(number), *map(Text, (one.file, one.label, one.reading)), f"{one.confidence:.0%}"
        )
    Console().print(table)
