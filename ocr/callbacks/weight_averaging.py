"""Exponential moving average of the weights."""

from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch.optim.swa_utils import get_ema_multi_avg_fn

# An update after every step costs as much as a small layer and gains nothing.
UPDATE_EVERY_N_STEPS = 4


class EMAWeightAveraging(WeightAveraging):
    """Validate and save the exponential moving average of the weights (Polyak & Juditsky 1992).

    In the middle of a run, the average scores as well as the weights themselves only do after the
    learning rate has been annealed. Unlike Lightning's `EMAWeightAveraging`, this class updates all
    weights in one kernel, and is only active while fitting.

    Args:
        decay: Share of the average that is kept per step.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay**UPDATE_EVERY_N_STEPS))
        self._swapped = False

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """Update after the first step, and then every `UPDATE_EVERY_N_STEPS` steps."""
        return step_idx is not None and step_idx % UPDATE_EVERY_N_STEPS == 0

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Swap in the average, except in a validation without training."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_validation_epoch_start(trainer, pl_module)
            self._swapped = True

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Swap the training weights back in."""
        if self._swapped:
            super().on_validation_epoch_end(trainer, pl_module)
            self._swapped = False

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Swap the training weights back in before an interrupted validation saves last.ckpt."""
        self.on_validation_epoch_end(trainer, pl_module)

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the average of a resumed fit; a test uses the weights of the checkpoint."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)
