"""The progress bar of a run."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import RichProgressBar
from rich import get_console
from rich.progress import ProgressColumn, Task
from rich.text import Text

from ocr.callbacks.time_left import TimeLeft, rounded


class Words(ProgressColumn):
    """A column of text.

    Args:
        words: What gives the text, from the task.
    """

    max_refresh = 0.5  # seconds: a time that changes more often can't be read

    def __init__(self, words: Callable[[Task], str]) -> None:
        super().__init__()
        self._words = words

    def render(self, task: Task) -> Text:
        """The text, in one line."""
        return Text(self._words(task), no_wrap=True)


class ProgressBar(RichProgressBar):
    """Lightning's, with the time left of the whole run, and short: 80 columns hold its line.

    Epochs are counted from 1. What stays of an epoch is its line, see `EpochSummary`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._time_left = TimeLeft()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Draw nothing into pipes and files: Rich would leave its last picture there."""
        super().setup(trainer, pl_module, stage)
        console = get_console()
        if not (console.is_terminal or console.is_jupyter):
            self.disable()

    def configure_columns(self, trainer: Trainer) -> list[ProgressColumn]:
        """Description, bar, batches, time left; the loss follows."""
        _, bar, batches = super().configure_columns(trainer)[:3]
        bar.bar_width = 10
        return [Words(self._description), bar, batches, Words(self._left)]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the time: an epoch may go on without a start."""
        super().on_train_start(trainer, pl_module)
        self._time_left.mark(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the time."""
        super().on_train_epoch_start(trainer, pl_module)
        self._time_left.mark(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the bar away: the epochs' lines tell all."""
        super().on_train_end(trainer, pl_module)
        if self.progress is not None and self.train_progress_bar_id is not None:
            self.progress.update(self.train_progress_bar_id, visible=False)

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Lightning's, without TensorBoard's name for the run, and scores: a line has them."""
        metrics = super().get_metrics(trainer, pl_module)
        return {k: v for k, v in metrics.items() if k != "v_num" and not k.startswith("val/")}

    def _trains(self, task: Task) -> bool:
        """Whether it is the training's; it is drawn as soon as Lightning makes it."""
        made = self.train_progress_bar_id
        return self.trainer.training if made is None else task.id == made

    def _description(self, task: Task) -> str:
        return counted_epoch(self.trainer) if self._trains(task) else task.description

    def _left(self, task: Task) -> str:
        """Of the run; what else is waited for is no part of it, or a part of an epoch."""
        if self._trains(task):
            return self._time_left.words(self.trainer)
        seconds = task.time_remaining
        return f"about {rounded(seconds)} left" if seconds and self.trainer.testing else ""


def counted_epoch(trainer: Trainer) -> str:
    """The current epoch, counted from 1, and how many there may be: 'Epoch 3/37'.

    Args:
        trainer: The trainer whose epoch it is.
    """
    most = trainer.max_epochs
    return f"Epoch {trainer.current_epoch + 1}" + (f"/{most}" if most and most > 0 else "")
