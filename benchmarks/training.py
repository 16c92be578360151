"""Start `train.py` as a person would, and read what it left behind."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from process import ROOT, run


@dataclass(frozen=True)
class Run:
    """One finished run.

    curve: for each epoch the seconds of training so far and the validation exact match.
    images: seen in training, all epochs together.
    metrics: metrics.json. peak_mb: largest resident memory of the process, MiB.
    """

    curve: list[tuple[float, float]]
    images: int
    metrics: dict
    peak_mb: float

    def seconds_to(self, share: float) -> float | None:
        """Seconds of training until the validation exact match first was `share`."""
        return next((seconds for seconds, match in self.curve if match >= share), None)

    def epochs_to(self, share: float) -> int | None:
        """Epochs until the validation exact match first was `share`."""
        matches = enumerate((match for _, match in self.curve), start=1)
        return next((epoch for epoch, match in matches if match >= share), None)

    @property
    def images_per_second(self) -> float:
        """Training images per second of training."""
        return self.images / self.curve[-1][0]


def train(folder: Path, *overrides: str) -> Run:
    """Run train.py with its run folder at `folder`."""
    _, _, peak_mb = run(str(ROOT / "train.py"), *overrides, f"hydra.run.dir={folder}")
    metrics = json.loads((folder / "metrics.json").read_text())
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["val/exact_match"]]
    return Run(
        [(float(row["train/seconds"]), float(row["val/exact_match"])) for row in rows],
        len(rows) * metrics["images_per_epoch"],
        metrics,
        peak_mb,
    )
