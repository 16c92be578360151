"""A callback that plots the learning curves of a run."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_only

from ocr.callbacks.checkpointing import BestCheckpoint
from ocr.callbacks.csv_logger import EpochCSVLogger
from ocr.log import info

# matplotlib takes half a second to import; a run imports it at its end.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_MARKERS = 30  # longer runs have lines without markers
PANELS = {  # title: metrics by their names in the legend
    "loss": {"training": "train/loss", "validation": "val/loss"},
    "character error rate of the validation": {"cer": "val/cer"},
    "exact match of the validation": {"exact match": "val/exact_match"},
    "learning rate": {"lr": "lr"},
}


class LearningCurves(Callback):
    """Plot the rows of metrics.csv into curves.png when training ends.

    Args:
        dirpath: Folder of the plot.
    """

    def __init__(self, dirpath: str) -> None:
        self.path = Path(dirpath) / "curves.png"

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Plot the curves; an error is reported and must not end the run."""
        rows = [
            row for log in trainer.loggers if isinstance(log, EpochCSVLogger) for row in log.rows
        ]
        if not rows:
            return
        bests = [c.epoch for c in trainer.checkpoint_callbacks if isinstance(c, BestCheckpoint)]
        try:
            figure = plot(rows, bests[0] if bests else None)
            figure.savefig(self.path, format="png", dpi=90)
        except Exception as error:
            info(f"{self.path.name} could not be plotted: {type(error).__name__}: {error}")


def plot(rows: Sequence[Mapping[str, Any]], best: int | None) -> "Figure":
    """Plot learning curves.

    Args:
        rows: Rows of metrics.csv, as numbers or text.
        best: Epoch of best.ckpt, if there is one.

    Returns:
        A figure that is not registered with pyplot.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10, 6.5))
    panels = figure.subplots(2, 2).flat
    for axes, (title, lines) in zip(panels, PANELS.items(), strict=True):
        for label, name in lines.items():
            epochs, values = _points(rows, name)
            marker = "o" if len(rows) <= MAX_MARKERS else None
            axes.plot(epochs, values, marker=marker, markersize=3, label=label)
        _scale(axes, lines.values())
        if best is not None:
            axes.axvline(best, color="grey", linestyle=":", label=f"best.ckpt: epoch {best}")
        axes.set_title(title, fontsize="medium")
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.axes[0].legend(loc="upper right", fontsize="small")
    figure.supxlabel("epoch", fontsize="medium")
    figure.subplots_adjust(left=0.07, right=0.98, top=0.95, bottom=0.09, hspace=0.22, wspace=0.18)
    return figure


def _points(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """Return the epochs that have a finite value, and the values."""
    filled = [row for row in rows if row.get(name) not in (None, "")]
    points = [(int(row["epoch"]), float(row[name])) for row in filled]
    points = [(epoch, value) for epoch, value in points if math.isfinite(value)]
    return [epoch for epoch, _ in points], [value for _, value in points]


def _scale(axes: "Axes", metrics: Collection[str]) -> None:
    """Set the y axis: errors fall by orders of magnitude, and a value of 0 needs symlog."""
    from matplotlib.ticker import LogLocator, NullLocator

    values: list[Any] = [value for line in axes.get_lines() for value in line.get_ydata()]  # type: ignore[union-attr]
    above = [value for value in values if value > 0]
    if "val/exact_match" in metrics:
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    elif "lr" in metrics and above:
        axes.set_ylim(0, 1.1 * max(above))
    elif above and min(values) > 0:
        axes.set_yscale("log")
        axes.set_ylim(min(above) / 1.5, max(above) * 1.5)
        narrow = max(above) < 100 * min(above)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    elif above:
        axes.set_yscale("symlog", linthresh=min(above))
        axes.set_ylim(min(0, *values) - min(above) / 10, max(above) * 1.5)
        axes.yaxis.set_major_formatter("{x:g}")
