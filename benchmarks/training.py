"""Start `train.py` as a person would, and read what it left behind."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
    command = [sys.executable, str(ROOT / "train.py"), *overrides, f"hydra.run.dir={folder}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}\n{printed[-2000:]}")
    metrics = json.loads((folder / "metrics.json").read_text())
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["val/exact_match"]]
    return Run(
        [(float(row["train/seconds"]), float(row["val/exact_match"])) for row in rows],
        len(rows) * metrics["images_per_epoch"],
        metrics,
        usage.ru_maxrss / 1024,
    )
