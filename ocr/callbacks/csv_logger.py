"""metrics.csv: a row for each epoch."""

import csv
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.loggers.logger import rank_zero_experiment
from pytorch_lightning.utilities import rank_zero_only

from ocr.callbacks.checkpointing import put_aside

# In every file, in this order; whatever else a run logs follows.
COLUMNS = (
    "epoch",
    "step",
    "train/loss",
    "val/loss",
    "val/cer",
    "val/exact_match",
    "val/exact_match_repeats",
    "val/blanks",
    "lr",
    "train/seconds",
)
Row = dict[str, Any]


class EpochCSVLogger(CSVLogger):
    """Write metrics.csv with one row for each epoch, which goes on where a run goes on.

    Lightning's CSVLogger writes a row whenever something is logged, each with other columns. Here
    a row is complete when the training part of an epoch is logged, which Lightning does last. Of
    several validations in an epoch it has the last one. Scores of the test part are in
    metrics.json. Each time the file is written anew and then replaced, so that it is whole
    whenever the run is killed.

    Args:
        save_dir: The run folder.
        name: As Lightning's; empty for a file in the run folder itself.
        version: As Lightning's; empty, too.
        ckpt_path: Checkpoint that the run goes on from, or None. If it is in the run folder, the
            rows of the epochs before are kept.
    """

    def __init__(self, save_dir: str, name: str, version: str, ckpt_path: str | None) -> None:
        super().__init__(save_dir, name, version)
        self._path = Path(self.log_dir) / "metrics.csv"
        self._resumes = bool(ckpt_path) and (
            Path(ckpt_path).resolve().parent == self._path.parent.resolve()
        )
        self._rows: dict[int, Row] | None = None  # by epoch; None: nothing is read yet
        self._pending: Row = {}

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """Lightning's writer of hparams.yaml, which would delete the rows that are there."""
        if self._experiment is not None or not self._resumes or not self._path.exists():
            return super().experiment
        rows = self._path.read_bytes()
        writer = super().experiment
        self._path.write_bytes(rows)
        return writer

    @property
    def rows(self) -> list[Row]:
        """The rows so far, by epoch."""
        return [*(self._rows or {}).values()]

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Collect what an epoch logs, and write its row at its end."""
        if any(name.startswith("test/") for name in metrics):
            return
        self._pending |= metrics
        if "epoch" not in metrics or not any(name.startswith("train/") for name in metrics):
            return
        epoch = int(self._pending["epoch"]) + 1
        row = {name: f"{value:.7g}" for name, value in self._pending.items()}
        row |= {"epoch": epoch, "step": (step or 0) + 1}
        self._pending = {}
        if self._rows is None:
            self._rows = self._earlier() if self._resumes else {}
        # The run may go on from a checkpoint that is older than the rows.
        self._rows = {key: other for key, other in self._rows.items() if key < epoch}
        self._rows[epoch] = row
        self._write()

    def _earlier(self) -> dict[int, Row]:
        """The rows that are there."""
        if not self._path.exists():
            return {}
        with self._path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if set(COLUMNS) <= set(reader.fieldnames or ()):
                return {int(row["epoch"]): row for row in reader}
        put_aside(self._path)  # another version's, with other rows
        return {}

    def _write(self) -> None:
        """Whole or not at all: readers never see half a row."""
        others = {name for row in self._rows.values() for name in row}.difference(COLUMNS)
        scratch = self._path.with_suffix(".csv.tmp")
        with scratch.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*COLUMNS, *sorted(others)])
            writer.writeheader()
            writer.writerows(self._rows.values())
        scratch.replace(self._path)
