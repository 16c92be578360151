"""A line for each epoch, on the screen and in the run folder's log."""

import shlex
from pathlib import Path
from time import monotonic
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.trainer.states import TrainerFn

from ocr.callbacks.checkpointing import BestCheckpoint
from ocr.callbacks.early_stopping import count_validations, planned_steps
from ocr.callbacks.progress import counted_epoch
from ocr.callbacks.time_left import TimeLeft, rounded
from ocr.log import info, shown

# What can't get better, and the stopping_threshold that it passes.
PERFECT = {"val/cer": (0.0, "1e-6"), "val/exact_match": (1.0, "0.999999")}


class EpochSummary(Callback):
    """Print what each epoch came to: loss, scores, seconds, and whether best.ckpt is of it.

    A line is printed when the next epoch begins, or the next step after a validation within an
    epoch: only then best.ckpt is chosen.
    """

    def __init__(self) -> None:
        self._time_left = TimeLeft()
        self._since = 0.0
        self._scores: dict[str, float] = {}
        self._line = ""  # the beginning of what is to be printed; empty: nothing is
        self._whole = False  # whether that is of a whole epoch
        self._told_perfect = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell how to look at TensorBoard's curves; an epoch may go on without a start."""
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                folder = shlex.quote(str(shown(Path(logger.save_dir))))
                info(f"curves, while it trains and later: tensorboard --logdir {folder}")
        self._begin(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line of the epoch before."""
        seconds = monotonic() - self._since
        self._begin(trainer)
        self._print(trainer, seconds)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Print the line of a validation within the epoch."""
        if self._line:
            self._print(trainer, monotonic() - self._since)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the scores, for a line of their own if the epoch goes on."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        metrics = trainer.callback_metrics
        self._scores = {k: float(v) for k, v in metrics.items() if k.startswith("val/")}
        share = (trainer.fit_loop.batch_idx + 1) / trainer.num_training_batches
        self._line = f"{counted_epoch(trainer)} at {share:.0%}"
        self._whole = False

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """An epoch has a line, validated or not."""
        self._line, self._whole = counted_epoch(trainer), True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line of the last epoch."""
        self._print(trainer, monotonic() - self._since)

    def _begin(self, trainer: Trainer) -> None:
        self._time_left.mark(trainer)
        self._since = monotonic()

    def _print(self, trainer: Trainer, seconds: float) -> None:
        """Print the line that is due, if any. All ranks look at the metrics, which may add up."""
        parts = [self._line]
        loss = trainer.callback_metrics.get("train/loss")
        if self._whole and loss is not None:
            parts.append(f"loss: {loss:.3f}")
        if "val/cer" in self._scores:
            parts.append(f"val/cer: {self._scores['val/cer']:.3f}")
        if "val/exact_match" in self._scores:
            parts.append(f"exact: {self._scores['val/exact_match']:.1%}")
        parts += [f"{seconds:.1f} s" if seconds < 10 else rounded(seconds), self._state(trainer)]
        bar = trainer.progress_bar_callback
        if not (bar and bar.is_enabled):
            parts.append(self._time_left.words(trainer))
        if self._line:
            info("  ".join(filter(None, parts)))
            self._tell_of_perfection(trainer)
        self._line, self._whole, self._scores = "", False, {}

    def _state(self, trainer: Trainer) -> str:
        """Whether best.ckpt is of now; or how long there has been nothing better."""
        if not self._scores:
            return ""
        for best in trainer.checkpoint_callbacks:
            if isinstance(best, BestCheckpoint) and best.step == trainer.global_step:
                return "best.ckpt"
        stopping = trainer.early_stopping_callback
        if stopping and 0 < stopping.wait_count < stopping.patience:
            return f"no better: {stopping.wait_count}/{stopping.patience}"
        return ""

    def _tell_of_perfection(self, trainer: Trainer) -> None:
        """Say once why a run goes on that can't get better."""
        stopping = trainer.early_stopping_callback
        if self._told_perfect or not stopping or stopping.monitor not in PERFECT:
            return
        perfect, threshold = PERFECT[stopping.monitor]
        falls = planned_steps(trainer) < trainer.estimated_stepping_batches  # and ends presently
        if self._scores.get(stopping.monitor) != perfect or falls or trainer.should_stop:
            return
        self._told_perfect = True
        how_long = (
            f"for {count_validations(trainer, stopping.patience)} "
            "(callbacks.early_stopping.patience) and then comes to its end"
        )
        if 0 <= (trainer.max_epochs or -1) <= trainer.current_epoch + stopping.patience:
            how_long = f"to its planned end (trainer.max_epochs={trainer.max_epochs})"
        info(
            f"{stopping.monitor} can't get better, but later epochs still make a better reader of "
            f"other images: the run goes on {how_long}. To end runs here: "
            f"callbacks.early_stopping.stopping_threshold={threshold}"
        )
