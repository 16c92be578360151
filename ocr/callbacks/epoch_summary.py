"""One line per epoch, on the screen and in train.log."""

import shlex
from pathlib import Path
from time import monotonic
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.trainer.states import TrainerFn

from ocr.callbacks.checkpointing import BestCheckpoint
from ocr.callbacks.early_stopping import count_validations, planned_steps
from ocr.callbacks.progress import format_epoch
from ocr.callbacks.time_left import TimeLeft, format_rounded_duration
from ocr.log import info, short_path

# The best possible value of a metric, and a stopping_threshold that it passes.
PERFECT = {"val/cer": (0.0, "1e-6"), "val/exact_match": (1.0, "0.999999")}


class EpochSummary(Callback):
    """Print a line for each epoch: loss, scores, seconds, and whether it became best.ckpt.

    The line is printed when the next epoch begins, or the next step after a validation within an
    epoch, because best.ckpt is chosen after all other callbacks have been called.
    """

    def __init__(self) -> None:
        self._time_left = TimeLeft()
        self._epoch_start = 0.0
        self._batches = 0  # of this epoch
        self._scores: dict[str, float] = {}
        self._title = ""  # of the line to print; empty if there is none
        self._is_whole_epoch = False
        self._perfect_reported = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report how to open TensorBoard, and start the clock: a resumed epoch has no start."""
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                folder = shlex.quote(str(short_path(Path(logger.save_dir))))
                info(f"curves, during the run and later: tensorboard --logdir {folder}")
        self._start_epoch(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line of the previous epoch."""
        seconds = monotonic() - self._epoch_start
        self._start_epoch(trainer)
        self._print(trainer, seconds)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Print the line of a validation within the epoch."""
        self._batches = batch_idx + 1
        self._print(trainer, monotonic() - self._epoch_start)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the scores, and prepare a line in case the epoch continues."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        metrics = trainer.callback_metrics
        self._scores = {k: float(v) for k, v in metrics.items() if k.startswith("val/")}
        share = self._batches / trainer.num_training_batches
        self._title, self._is_whole_epoch = f"{format_epoch(trainer)} at {share:.0%}", False

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prepare the line of the epoch."""
        self._title, self._is_whole_epoch = format_epoch(trainer), True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line of the last epoch."""
        self._print(trainer, monotonic() - self._epoch_start)

    def _start_epoch(self, trainer: Trainer) -> None:
        self._time_left.mark(trainer)
        self._epoch_start = monotonic()

    def _print(self, trainer: Trainer, seconds: float) -> None:
        if not self._title:
            return
        parts = [self._title]
        # Reading the metrics may synchronise the ranks, so all ranks do.
        loss = trainer.callback_metrics.get("train/loss")
        if self._is_whole_epoch and loss is not None:
            parts.append(f"loss: {loss:.3f}")
        if "val/cer" in self._scores:
            parts.append(f"val/cer: {self._scores['val/cer']:.3f}")
        if "val/exact_match" in self._scores:
            parts.append(f"exact: {self._scores['val/exact_match']:.1%}")
        parts.append(f"{seconds:.1f} s" if seconds < 10 else format_rounded_duration(seconds))
        parts.append(self._progress(trainer))
        bar = trainer.progress_bar_callback
        if not (bar and bar.is_enabled):
            parts.append(self._time_left.format(trainer))
        info("  ".join(filter(None, parts)))
        self._report_perfection(trainer)
        self._title, self._is_whole_epoch, self._scores = "", False, {}

    def _progress(self, trainer: Trainer) -> str:
        """Return "best.ckpt" if it was just saved, or the validations without an improvement."""
        if not self._scores:
            return ""
        for best in trainer.checkpoint_callbacks:
            if isinstance(best, BestCheckpoint) and best.step == trainer.global_step:
                return "best.ckpt"
        stopping = trainer.early_stopping_callback
        if stopping and 0 < stopping.wait_count < stopping.patience:
            return f"no better: {stopping.wait_count}/{stopping.patience}"
        return ""

    def _report_perfection(self, trainer: Trainer) -> None:
        """Report once why a run with a perfect score continues."""
        stopping = trainer.early_stopping_callback
        if self._perfect_reported or not stopping or stopping.monitor not in PERFECT:
            return
        perfect, threshold = PERFECT[stopping.monitor]
        is_annealing = planned_steps(trainer) < trainer.estimated_stepping_batches
        if self._scores.get(stopping.monitor) != perfect or is_annealing or trainer.should_stop:
            return
        self._perfect_reported = True
        how_long = (
            f"for {count_validations(trainer, stopping.patience)} "
            "(callbacks.early_stopping.patience) and is then annealed"
        )
        if 0 <= (trainer.max_epochs or -1) <= trainer.current_epoch + stopping.patience:
            how_long = f"to its planned end (trainer.max_epochs={trainer.max_epochs})"
        info(
            f"{stopping.monitor} can't improve, but later epochs still generalise better: the run "
            f"continues {how_long}. To stop runs at this point, give "
            f"callbacks.early_stopping.stopping_threshold={threshold}"
        )
