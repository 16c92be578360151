"""The progress bar of a run."""

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import RichProgressBar
from rich.progress import ProgressColumn


class ProgressBar(RichProgressBar):
    """Lightning's, short and without batches per second: so that 80 columns hold its line."""

    def configure_columns(self, trainer: Trainer) -> list[ProgressColumn]:
        """Description, bar, batches, time; scores follow."""
        description, bar, *others = super().configure_columns(trainer)[:4]
        bar.bar_width = 10
        return [description, bar, *others]
