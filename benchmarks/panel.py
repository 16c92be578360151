"""Real sets of several kinds, read with nothing but the defaults.

Trains on each zip of the data folder: the captions are taken from the file names, or from
labels.csv; where the source has split the set (labels_train.csv, labels_test.csv), as it did.
hfut4, 17 of whose captions say F where the image shows f, is read in small letters.
"""

import argparse
import csv
import shutil
import tempfile
import zipfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from training import Run, train

CAPTIONS = {"hfut4": ["data.case=lower"]}


def prepare(archive: Path, scratch: Path) -> list[str]:
    """Unpack a set; returns the overrides that name it."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(scratch)
    [folder] = [path for path in scratch.iterdir() if path.is_dir()]
    halves = [folder / "labels_train.csv", folder / "labels_test.csv"]
    if all(half.exists() for half in halves):
        return ["data=folder", *(_half(half) for half in halves)]
    return ["data=folder", f"data.dir={folder}"]


def _half(labels: Path) -> str:
    """Put the images of one labels file into a folder of their own; returns its override."""
    part = labels.stem.removeprefix("labels_")
    folder = labels.parent / part
    folder.mkdir()
    with labels.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            shutil.copy2(labels.parent / row["file"], folder)
    shutil.copy2(labels, folder / "labels.csv")
    return f"data.{part}_dir={folder}"


def main() -> None:
    """Train, and print a line a set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of zips")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", nargs="*", default=[""], help="beginnings of the zips' names")
    parser.add_argument("overrides", nargs="*", help="for all, such as data.case=lower")
    options = parser.parse_args()
    table = Table(
        "set", "train", "test", "exact match", "95 % interval", "CER", "epochs", "seconds"
    )
    for archive in sorted(options.data.glob("*.zip")):
        if not archive.name.startswith(tuple(options.sets)):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            overrides = prepare(archive, Path(scratch)) + CAPTIONS.get(archive.stem, [])
            runs = [
                train(Path(scratch) / f"run{seed}", *overrides, f"seed={seed}", *options.overrides)
                for seed in range(options.seeds)
            ]
        for run in runs:
            print(archive.stem, {k: v for k, v in run.metrics.items() if "/" in k}, flush=True)
        table.add_row(archive.stem, *_cells(runs))
    Console().print(table)


def _cells(runs: list[Run]) -> list[str]:
    metrics = [run.metrics for run in runs]
    low, high = (median(m["test/exact_match_ci95"][i] for m in metrics) for i in (0, 1))
    return [
        str(metrics[0]["images_train"]),
        str(metrics[0]["images_test"]),
        f"{median(m['test/exact_match'] for m in metrics):.1%}",
        f"{low:.1%} to {high:.1%}",
        f"{median(m['test/cer'] for m in metrics):.2%}",
        f"{median(m['epochs'] for m in metrics):.0f}",
        f"{median(m['fit_seconds'] for m in metrics):.0f}",
    ]


if __name__ == "__main__":
    main()
