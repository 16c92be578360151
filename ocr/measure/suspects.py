"""Which captions are wrong? Those that models which haven't seen them contradict."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ocr.data.lists import Prediction
from ocr.measure.folds import OURS, left_out, train_folds
from ocr.measure.page import write_page
from ocr.measure.source import Source
from ocr.reader import Reader

BATCH = 64  # images read at once
SHOWN = 30  # rows in the terminal
ON_PAGE = 500


class Suspect(NamedTuple):
    """A caption that is contradicted. confidence: the probability of the reading, 0 to 1.

    margin: how much larger its logarithm is than that of the caption's probability.
    """

    file: str
    label: str
    reading: str
    confidence: float
    margin: float


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
    found: list[Suspect] = []
    images = 0
    for some in _batches(jobs, seeds):
        readers = [Reader.load(runs.folder(job) / "best.ckpt") for job in some]
        predictions = runs.predictions(some[0])
        images += len(predictions)
        for batch in _batches(predictions, BATCH):
            found += contradicted(batch, readers)
    found.sort(key=lambda one: (-one.margin, -one.confidence, one.file))
    named = [one._replace(file=source.name(one.file)) for one in found]
    _write(named, runs.out / "suspects.csv")
    page = runs.out / "suspects.html"
    rows = [(one.file, *new) for one, new in zip(found[:ON_PAGE], named[:ON_PAGE], strict=True)]
    write_page(rows, f"{len(found):,} of {images:,} captions are contradicted", page)
    if as_json:
        for one in named:
            print(json.dumps(_public(one), ensure_ascii=False))
    else:
        _show(named[:SHOWN])
    runs.say(f"{len(found)} of {images} captions are contradicted")
    if skipped := left_out(runs, jobs[0]):
        runs.say(f"{skipped} images are left out, listed in {runs.out / 'skipped.csv'}")
    runs.say(f"look at     {page}")


def contradicted(rows: Sequence[Prediction], readers: Sequence[Reader]) -> list[Suspect]:
    """Those of a batch for which another text is more probable than the caption.

    A text's probability is the mean of what the `readers` give it: what only one of them
    misreads doesn't make a caption suspect.
    """
    decoded = [[reader.normalizer.decode(row.file) for row in rows] for reader in readers]
    read = [reader.read_decoded(images) for reader, images in zip(readers, decoded, strict=True)]
    texts = [
        [*dict.fromkeys([row.label, *(reading.text for reading in said)])]
        for row, *said in zip(rows, *read, strict=True)
    ]
    opinions = [
        reader.log_probabilities(images, texts)
        for reader, images in zip(readers, decoded, strict=True)
    ]
    found = []
    for row, said, *values in zip(rows, texts, *opinions, strict=True):
        means = [_log_mean(value) for value in zip(*values, strict=True)]
        best = max(means)
        if best > means[0]:
            reading = said[means.index(best)]
            found.append(Suspect(row.file, row.label, reading, math.exp(best), best - means[0]))
    return found


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
    return {key: value for key, value in one._asdict().items() if key != "margin"}


def _write(found: Sequence[Suspect], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Suspect._fields)
        writer.writerows(
            one._replace(confidence=f"{one.confidence:.6g}", margin=f"{one.margin:.6g}")
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
