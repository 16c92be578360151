"""curves.png: the learning curves of a run."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_only

from ocr.log import say
from ocr.model.curves import Curves
from ocr.model.keeping import BestCheckpoint

# matplotlib takes half a second to load, which a run spends when it has trained.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKED = 30  # epochs, up to which each is a point
PANELS = {  # title: what it shows, by name in the legend
    "loss": {"training": "train/loss", "validation": "val/loss"},
    "character error rate": {"validation": "val/cer"},
    "exact match": {"validation": "val/exact_match"},
    "learning rate": {"of the epoch's last step": "lr"},
}
LOGARITHMIC = ("loss", "character error rate")


class LearningCurves(Callback):
    """Draw the rows of metrics.csv into curves.png when training ends.

    Args:
        dirpath: Folder of the picture.
    """

    def __init__(self, dirpath: str) -> None:
        self.path = Path(dirpath) / "curves.png"

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw; a picture that can't be drawn is no reason to lose the run."""
        rows = [row for log in trainer.loggers if isinstance(log, Curves) for row in log.rows]
        if not rows:
            return
        bests = [c.epoch for c in trainer.checkpoint_callbacks if isinstance(c, BestCheckpoint)]
        try:
            picture = drawn(rows, bests[0] if bests else None)
            picture.savefig(self.path, format="png", dpi=90)
        except Exception as error:
            say(f"{self.path.name} can't be drawn: {type(error).__name__}: {error}")


def drawn(rows: Sequence[Mapping[str, Any]], best: int | None) -> "Figure":
    """Draw learning curves.

    Args:
        rows: Of metrics.csv, numbers or their text.
        best: Epoch of best.ckpt, if it is known.

    Returns:
        A figure that pyplot doesn't know of.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10, 6.5), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True).flat
    for axes, (title, lines) in zip(panels, PANELS.items(), strict=True):
        for label, name in lines.items():
            epochs, values = _points(rows, name)
            marker = "o" if len(rows) <= MARKED else None
            axes.plot(epochs, values, marker=marker, markersize=3, label=label)
        _scale(axes, title)
        if best is not None:
            axes.axvline(best, color="grey", linestyle=":", label=f"best.ckpt: epoch {best}")
        axes.set_title(title)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.tick_params(labelbottom=True)
    figure.supxlabel("epoch", fontsize="medium")
    return figure


def _points(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """Epochs and values where there is a number: not each epoch is validated."""
    points = [(int(row["epoch"]), float(row.get(name) or "nan")) for row in rows]
    points = [(epoch, value) for epoch, value in points if math.isfinite(value)]
    return [epoch for epoch, _ in points], [value for _, value in points]


def _scale(axes: "Axes", title: str) -> None:
    """Errors fall by orders of magnitude, and to 0, which a plain logarithmic axis can't show."""
    if title == "exact match":
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    if title not in LOGARITHMIC:
        return
    values = [value for line in axes.get_lines() for value in line.get_ydata()]
    above = [value for value in values if value > 0]
    if above and min(values) > 0:
        axes.set_yscale("log")
    elif above:
        axes.set_yscale("symlog", linthresh=min(above))
        axes.set_ylim(bottom=min(0, min(values)))
