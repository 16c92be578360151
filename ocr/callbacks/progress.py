"""The progress bar of a run."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import RichProgressBar
from rich import get_console
from rich.progress import ProgressColumn, Task
from rich.text import Text

from ocr.callbacks.time_left import TimeLeft, format_rounded_duration


class CallableColumn(ProgressColumn):
    """A column whose text is computed from the task.

    Args:
        text: Returns the text of a task.
    """

    max_refresh = 0.5  # seconds; nobody can read a time that changes more often

    def __init__(self, text: Callable[[Task], str]) -> None:
        super().__init__()
        self._text = text

    def render(self, task: Task) -> Text:
        """Return the text in one line."""
        return Text(self._text(task), no_wrap=True)


class ProgressBar(RichProgressBar):
    """Lightning's progress bar with the time left of the whole run, within 80 columns.

    Epochs are counted from 1. `EpochSummary` prints a line for each finished epoch.

    Args:
        settings: Arguments of Lightning's `RichProgressBar`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._time_left = TimeLeft()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Disable the bar in pipes and files, to which Rich would print its last frame."""
        super().setup(trainer, pl_module, stage)
        console = get_console()
        if not (console.is_terminal or console.is_jupyter):
            self.disable()

    def configure_columns(self, trainer: Trainer) -> list[ProgressColumn]:
        """Return description, bar, batches and time left; Lightning adds the loss."""
        _, bar, batches = super().configure_columns(trainer)[:3]
        bar.bar_width = 10
        return [CallableColumn(self._description), bar, batches, CallableColumn(self._remaining)]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the time; on_train_epoch_start isn't called for an epoch resumed midway."""
        super().on_train_start(trainer, pl_module)
        self._time_left.mark(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the time."""
        super().on_train_epoch_start(trainer, pl_module)
        self._time_left.mark(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hide the bar of the training."""
        super().on_train_end(trainer, pl_module)
        if self.progress is not None and self.train_progress_bar_id is not None:
            self.progress.update(self.train_progress_bar_id, visible=False)

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Return Lightning's metrics without the logger's version and the validation scores."""
        metrics = super().get_metrics(trainer, pl_module)
        return {k: v for k, v in metrics.items() if k != "v_num" and not k.startswith("val/")}

    def _is_training_task(self, task: Task) -> bool:
        """Return whether a task is the training, whose first frame is drawn before it has an id."""
        training_id = self.train_progress_bar_id
        return self.trainer.training if training_id is None else task.id == training_id

    def _description(self, task: Task) -> str:
        return format_epoch(self.trainer) if self._is_training_task(task) else task.description

    def _remaining(self, task: Task) -> str:
        """Return the time left of the training or of a test."""
        if self._is_training_task(task):
            return self._time_left.format(self.trainer)
        seconds = task.time_remaining
        if not seconds or not self.trainer.testing:
            return ""
        return f"about {format_rounded_duration(seconds)} left"


def format_epoch(trainer: Trainer) -> str:
    """Format the number of the current epoch, from 1, such as 'Epoch 3/37'."""
    most = trainer.max_epochs
    return f"Epoch {trainer.current_epoch + 1}" + (f"/{most}" if most and most > 0 else "")
