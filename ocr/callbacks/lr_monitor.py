"""A callback that logs the learning rate of each epoch."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class LRMonitor(Callback):
    """Log the learning rate of each epoch's last step as `lr`.

    Lightning's `LearningRateMonitor` logs one value per parameter group under names that depend on
    the optimizer; ours share one rate.
    """

    def __init__(self) -> None:
        self._lr: float | None = None  # None before a step: a resumed epoch may have no steps left

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Record the rate before the step: after it the optimizer holds that of the next one."""
        self._lr = float(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the recorded rate."""
        if self._lr is not None:
            pl_module.log("lr", self._lr, sync_dist=True)
