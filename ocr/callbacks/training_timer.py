"""A callback that measures the training time."""

from time import monotonic

import torch
from pytorch_lightning import Callback, LightningModule, Trainer


class TrainingTimer(Callback):
    """Measure the training time, and log it as `train/seconds` at the end of each epoch.

    Attributes:
        seconds: Training time so far without validation, up to the latest pause.
        fit_seconds: Duration of the whole fit, including that of the run it was resumed from.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.fit_seconds = 0.0
        self._resumed_fit_seconds = 0.0
        self._fit_start = monotonic()  # for a checkpoint that is saved before the fit
        self._running_since: float | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock of the fit."""
        self._fit_start = monotonic() - self._resumed_fit_seconds

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock of the fit."""
        self.fit_seconds = monotonic() - self._fit_start

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; on_train_epoch_start isn't called for an epoch resumed midway."""
        self._resume()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._resume()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock for the validation."""
        self._pause()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restart the clock."""
        self._resume()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock and log the time."""
        self._pause()
        pl_module.log("train/seconds", self.seconds, sync_dist=True)

    def state_dict(self) -> dict[str, float]:
        """Return the times so far."""
        return {"seconds": self.seconds, "fit_seconds": monotonic() - self._fit_start}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Continue the times of the resumed run."""
        self.seconds = state_dict["seconds"]
        self._resumed_fit_seconds = state_dict["fit_seconds"]

    def _resume(self) -> None:
        self._running_since = monotonic()

    def _pause(self) -> None:
        if self._running_since is not None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # kernels that are still running count
            self.seconds += monotonic() - self._running_since
            self._running_since = None
