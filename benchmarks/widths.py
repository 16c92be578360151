"""What do images of many widths cost in training?

Trains on a set as train.py does, whose batches have one of few widths, and with every batch as wide
as its widest image. Prints the medians of the epochs after the first, the two in turns.
"""

import argparse
import csv
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median

from panel import prepare
from process import ROOT, run
from rich.console import Console
from rich.table import Table

WAYS = {
    "as train.py does": "",
    "as wide as its widest image": "import ocr.data.collate; ocr.data.collate.rounded = int",
}
TRAIN = "import runpy; runpy.run_path({!r}, run_name='__main__')"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, help="zip of images of many widths")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4, help="2 or more")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    memory: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as scratch:
        images = Path(scratch) / "images"
        words = [*prepare(options.archive, images), *options.overrides]
        words += [f"trainer.max_epochs={options.epochs}", "test=false"]
        for i in range(options.repeats):
            for j, (way, patch) in enumerate(WAYS.items()):
                folder = Path(scratch) / f"run-{i}-{j}"
                code = f"{patch}\n{TRAIN.format(str(ROOT / 'train.py'))}"
                _, _, peak_mb = run("-c", code, *words, f"hydra.run.dir={folder}")
                seconds[way] += epochs(folder)
                memory[way].append(peak_mb)
    table = Table("a batch is", "s an epoch", "ratio", "peak MiB")
    for way in WAYS:
        time, least = median(seconds[way]), median(seconds[next(iter(WAYS))])
        table.add_row(way, f"{time:.1f}", f"{time / least:.2f}", f"{median(memory[way]):,.0f}")
    Console().print(table)


def epochs(folder: Path) -> list[float]:
    """Seconds of each epoch of a run but the first."""
    with (folder / "metrics.csv").open(newline="") as file:
        ends = [float(row["train/seconds"]) for row in csv.DictReader(file) if row["train/seconds"]]
    return [end - start for start, end in pairwise(ends)]


if __name__ == "__main__":
    main()
