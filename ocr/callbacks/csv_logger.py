"""A logger that writes metrics.csv."""

import csv
from pathlib import Path
from typing import Any

from pytorch_lightning.core.saving import save_hparams_to_yaml
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from ocr.callbacks.earlier_run import keep_earlier, resumes

# The first columns of every file, in this order; other metrics follow by name.
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


class EpochCSVLogger(Logger):
    """Write metrics.csv with one row per epoch, and hparams.yaml.

    Lightning's CSVLogger writes a row whenever something is logged, each with other columns, and
    deletes the rows of a run that is resumed. Here a row is written when the training metrics of
    an epoch are logged, which Lightning does last. It has the scores of the last validation in the
    epoch. Test scores are in metrics.json. The file is replaced as a whole, so that it is complete
    at any time.

    Args:
        save_dir: The run folder.
        ckpt_path: Checkpoint that the run resumes, or None. If it is in the run folder, the rows of
            the earlier epochs are kept.
    """

    def __init__(self, save_dir: str, ckpt_path: str | None) -> None:
        super().__init__()
        self._folder = Path(save_dir)
        self._file = self._folder / "metrics.csv"
        self._resumes = resumes(self._folder, ckpt_path)
        self._rows: dict[int, Row] | None = None  # by epoch; None before the file is read
        self._pending: Row = {}

    @property
    def name(self) -> str:
        """An empty name: the files are in the run folder itself."""
        return ""

    @property
    def version(self) -> str:
        """An empty version."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run folder."""
        return str(self._folder)

    @property
    def rows(self) -> list[Row]:
        """The rows so far, by epoch."""
        return [*(self._rows or {}).values()]

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Write hparams.yaml."""
        self._folder.mkdir(parents=True, exist_ok=True)
        save_hparams_to_yaml(self._folder / "hparams.yaml", params)

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Collect the metrics of an epoch, and write its row when they are complete."""
        if any(name.startswith("test/") for name in metrics):
            return
        self._pending |= metrics
        if "epoch" not in metrics or not any(name.startswith("train/") for name in metrics):
            return
        epoch = int(self._pending["epoch"]) + 1
        row: Row = {name: f"{value:.7g}" for name, value in self._pending.items()}
        row |= {"epoch": epoch, "step": (step or 0) + 1}
        self._pending = {}
        earlier = self._read_earlier() if self._rows is None else self._rows
        # A run may resume a checkpoint that is older than the rows.
        self._rows = {key: other for key, other in earlier.items() if key < epoch} | {epoch: row}
        self._write(self._rows)

    def _read_earlier(self) -> dict[int, Row]:
        """Read the rows of the resumed run."""
        if not self._resumes or not self._file.exists():
            return {}
        with self._file.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if set(COLUMNS) <= set(reader.fieldnames or ()):
                return {int(row["epoch"]): dict(row) for row in reader}
        keep_earlier(self._folder, [self._file.name])  # another program has written it
        return {}

    def _write(self, rows: dict[int, Row]) -> None:
        others = {name for row in rows.values() for name in row}.difference(COLUMNS)
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._file.with_suffix(".csv.tmp")
        with scratch.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*COLUMNS, *sorted(others)])
            writer.writeheader()
            writer.writerows(rows.values())
        scratch.replace(self._file)
