"""What watches over a training run."""

import math
import os
from contextlib import suppress
from time import monotonic
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ocr.errors import UserError
from ocr.log import info
from ocr.pluralize import pluralize

SETTLED = 60  # seconds until the load average tells of now
AVERAGED = 4  # steps from one update of the averaged weights to the next
CROWDED = 1.4  # times as much work as there are cores


class MovingAverage(WeightAveraging):
    """Validates and saves the exponential moving average of the weights (Polyak & Juditsky 1992).

    decay: the share of the average that stays at each step. The average scores in the middle of
    a run what the weights themselves score only once the learning rate has come down.
    It takes up the weights of the first step and of each fourth one after it: after each it would
    say much the same, and an update takes as long as a small layer.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay**AVERAGED))
        self._swapped = False

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """Whether a step's weights are taken up."""
        return step_idx is not None and step_idx % AVERAGED == 0

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._swapped = not self._swapped

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Interrupted while validating: put the weights back before last.ckpt saves them."""
        if self._swapped:
            self._swap_models(pl_module)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The average belongs to this fit: a later validation means the weights it is given."""
        self._average_model = None

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Go on averaging; but test the average, which is what a checkpoint's weights are."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)


class Stopwatch(Callback):
    """Measures the time spent on training so far, validation not counted.

    seconds: up to the latest pause.
    fit_seconds: all told, and those of the run that this one goes on from.
    """

    def __init__(self) -> None:
        self.fit_seconds = 0.0
        self.seconds = 0.0
        self._earlier = 0.0
        self._start = monotonic()  # for a checkpoint that is saved before there is a fit
        self._since: float | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting."""
        self._start = monotonic() - self._earlier

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on within an epoch, which then has no start."""
        self._since = monotonic()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop counting."""
        self.fit_seconds = monotonic() - self._start

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on counting."""
        self._since = monotonic()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop for the validation."""
        self._pause()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on counting."""
        self._since = monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop until the next epoch."""
        self._pause()

    def _pause(self) -> None:
        if self._since is not None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # what was started counts, too
            self.seconds += monotonic() - self._since
            self._since = None

    def state_dict(self) -> dict[str, float]:
        """The seconds so far."""
        return {"seconds": self.seconds, "fit_seconds": monotonic() - self._start}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from an earlier run."""
        self.seconds = state_dict["seconds"]
        self._earlier = state_dict.get("fit_seconds", 0.0)  # earlier checkpoints have none


class HealthWatch(Callback):
    """Says in plain words when training goes nowhere.

    blank_steps: steps after which an output of nothing but blanks is worth a warning; None: never.
    """

    def __init__(self, blank_steps: int | None) -> None:
        self.blank_steps = math.inf if blank_steps is None else blank_steps
        self._warned = False
        self._trained = False
        self._not_finite = 0
        self._crowd_due = math.inf
        self._own_load = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell how many threads compute; look at the cores once their load tells of this run."""
        self._trained = True
        threads, cores = torch.get_num_threads(), os.cpu_count() or 1
        if pl_module.device.type == "cpu" and threads < cores:
            info(
                f"training with {pluralize(threads, 'thread')}; {cores} cores are there (threads=N)"
            )
        if pl_module.device.type == "cpu" and threads > 1:
            self._crowd_due = monotonic() + SETTLED
            self._own_load = threads + getattr(trainer.train_dataloader, "num_workers", 0)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: dict[str, torch.Tensor],
        batch: Any,
        batch_idx: int,
    ) -> None:
        """End a run whose loss has stopped being a number."""
        if trainer.global_step % 10:  # looking makes a GPU wait
            return
        if monotonic() > self._crowd_due:
            self._crowd_due = math.inf
            self._tell_of_crowd()
        self._not_finite = 0 if math.isfinite(outputs["loss"]) else self._not_finite + 1
        if self._not_finite == 3:
            raise UserError(
                f"the loss is {outputs['loss'].item()} and stays so (step {trainer.global_step}): "
                "lower optimizer.lr, keep trainer.gradient_clip_val above 0, or compute with "
                "trainer.precision=32-true"
            )

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell of a run to go on from that has no epochs left."""
        if trainer.ckpt_path and not self._trained:
            info(
                f"nothing was left to train: after {trainer.ckpt_path}'s {trainer.current_epoch} "
                f"epochs and {trainer.global_step} steps this run is at its end (trainer.max_epochs"
                f"={trainer.max_epochs}, or trainer.max_steps). Give more; fit=false only tests"
            )

    def _tell_of_crowd(self) -> None:
        """Threads wait for each other, and longest for one that has no core."""
        cores, load = os.cpu_count() or 1, 0.0
        with suppress(AttributeError, OSError):  # there is no such thing everywhere
            load = os.getloadavg()[0]
        if load > CROWDED * max(cores, self._own_load):
            info(
                f"{pluralize(cores, 'core has', 'cores have')} work for {load:.1f} (the load "
                "average). While other programs use them, a run with threads=1 may be faster"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell of an output that is still blank."""
        share = trainer.callback_metrics.get("val/blanks")
        if self._warned or share is None or trainer.global_step < self.blank_steps:
            return
        if share > 0.999:
            self._warned = True
            info(
                f"after {trainer.global_step} steps the network still reads nothing: every time "
                "step says 'blank' (val/blanks). If it stays so, try a lower or a higher "
                "optimizer.lr, head.blank_prior=0.9, encoder.norm=batch, a smaller "
                "data.batch_size, or more trainer.max_epochs; and look whether the captions fit "
                "the images (split.csv)."
            )
