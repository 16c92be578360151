"""Warnings about runs that do not learn."""

import math
import os
from time import monotonic
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import info

LOAD_AVERAGE_SECONDS = 60  # until the load average reflects this run
OVERLOAD = 1.4  # load average per core above which other programs slow the run down
CHECK_EVERY_N_STEPS = 10  # reading the loss makes a GPU wait
MAX_NON_FINITE = 3  # consecutive checked losses that are NaN or infinite
ALL_BLANK = 0.999  # share of time steps


class HealthMonitor(Callback):
    """Report an all-blank output, an overloaded machine, and a loss that is not finite.

    Args:
        blank_steps: Steps after which an all-blank output is reported; None for never.
    """

    def __init__(self, blank_steps: int | None) -> None:
        self.blank_steps = math.inf if blank_steps is None else blank_steps
        self._blanks_reported = False
        self._has_trained = False
        self._non_finite = 0
        self._load_check_due = math.inf
        self._own_load = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report unused cores, and schedule the check of the machine's load."""
        self._has_trained = True
        if pl_module.device.type != "cpu":
            return
        threads, cores = torch.get_num_threads(), os.cpu_count() or 1
        if threads < cores:
            info(
                f"training with {pluralize(threads, 'thread')}; this machine has {cores} cores "
                "(threads=N uses more)"
            )
        if threads > 1:
            self._load_check_due = monotonic() + LOAD_AVERAGE_SECONDS
            self._own_load = threads + getattr(trainer.train_dataloader, "num_workers", 0)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: dict[str, torch.Tensor],
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Raise a UserError if the loss stays NaN or infinite."""
        if trainer.global_step % CHECK_EVERY_N_STEPS:
            return
        if monotonic() > self._load_check_due:
            self._load_check_due = math.inf
            self._report_overload()
        self._non_finite = 0 if math.isfinite(outputs["loss"]) else self._non_finite + 1
        if self._non_finite == MAX_NON_FINITE:
            raise UserError(
                f"the loss has been {outputs['loss'].item()} repeatedly (step "
                f"{trainer.global_step}): lower optimizer.lr, keep trainer.gradient_clip_val above "
                "0, or set trainer.precision=32-true"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report once that the output is still all blank."""
        blanks = trainer.callback_metrics.get("val/blanks")
        if self._blanks_reported or blanks is None or trainer.global_step < self.blank_steps:
            return
        if blanks > ALL_BLANK:
            self._blanks_reported = True
            info(
                f"after {trainer.global_step} steps the network still predicts only blanks "
                "(val/blanks). If this continues, try a lower or a higher optimizer.lr, "
                "head.blank_prior=0.9, encoder.norm=batch, a smaller data.batch_size or more "
                "trainer.max_epochs, and check that the captions match the images (split.csv)"
            )

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report a resumed run that has nothing left to train."""
        if trainer.ckpt_path and not self._has_trained:
            info(
                f"nothing is left to train: {trainer.ckpt_path} already has "
                f"{trainer.current_epoch} epochs and {trainer.global_step} steps. Raise "
                f"trainer.max_epochs={trainer.max_epochs} (or trainer.max_steps), or give "
                "fit=false to only test"
            )

    def _report_overload(self) -> None:
        if not hasattr(os, "getloadavg"):  # Windows
            return
        try:
            load = os.getloadavg()[0]
        except OSError:
            return
        cores = os.cpu_count() or 1
        if load > OVERLOAD * max(cores, self._own_load):
            info(
                f"the load average is {load:.1f} on {pluralize(cores, 'core')}: while other "
                "programs use them, a run with threads=1 may be faster"
            )
