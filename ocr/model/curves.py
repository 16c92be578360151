"""metrics.csv: what was measured, step by step."""

import csv
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.loggers.logger import rank_zero_experiment


class Curves(CSVLogger):
    """Lightning's, which would begin anew where a run goes on in its own folder.

    ckpt_path: where the run goes on; None for a fresh one.
    """

    def __init__(self, save_dir: str, name: str, version: str, ckpt_path: str | None) -> None:
        super().__init__(save_dir, name, version)
        self.goes_on = (
            bool(ckpt_path) and Path(ckpt_path).resolve().parent == Path(self.log_dir).resolve()
        )

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """Lightning's writer, with the rows that are there."""
        path = Path(self.log_dir) / "metrics.csv"
        if self._experiment is not None or not self.goes_on or not path.exists():
            return super().experiment
        rows = path.read_bytes()
        writer = super().experiment
        path.write_bytes(rows)
        writer.metrics_keys = next(csv.reader(rows.decode().splitlines()), [])
        return writer
