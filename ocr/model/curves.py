"""metrics.csv: what was measured, step by step."""

import csv
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import CSVLogger


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
    def experiment(self) -> Any:
        """Lightning's writer, with the rows that are there."""
        path = Path(self.log_dir) / "metrics.csv"
        if self._experiment is not None or not self.goes_on or not path.exists():
            return super().experiment
        rows = path.read_text(encoding="utf-8")
        writer = super().experiment
        path.write_text(rows, encoding="utf-8")
        writer.metrics_keys = next(csv.reader(rows.splitlines()), [])
        return writer
