"""Reduction of the learning rate for runs that do not learn."""

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from ocr.errors import UserError
from ocr.log import info
from ocr.models.metrics import has_not_learned


class LRBackoff(Callback):
    """Reduce the learning rate once if the network still reads nothing.

    If text is hard to distinguish from its background, training at the usual learning rate never
    leaves the plateau of all-blank output, or returns to it.

    Args:
        steps: Optimizer steps after which the next validation decides.
        factor: Factor of the learning rate, under any schedule of conf/.

    Raises:
        UserError: If `steps` is not a whole number, or `factor` not above 0 and up to 1.
    """

    def __init__(self, steps: int, factor: float) -> None:
        if not isinstance(steps, int):
            raise UserError(
                f"callbacks.lr_backoff.steps={steps}: give a whole number, "
                "or callbacks.lr_backoff=null"
            )
        if not 0 < factor <= 1:
            raise UserError(f"callbacks.lr_backoff.factor={factor}: give a number above 0, up to 1")
        self.steps = steps
        self.factor = factor
        self._reduced = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reduce the rate if it is due and nothing is read."""
        fitting = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if self._reduced or not fitting or not has_not_learned(trainer.callback_metrics):
            return
        if not self.steps <= trainer.global_step < trainer.estimated_stepping_batches:
            return
        self._reduced = True
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] *= self.factor
        for config in trainer.lr_scheduler_configs:
            # Some schedules compute the rate from these, others from the rate itself.
            if hasattr(config.scheduler, "base_lrs"):
                rates = config.scheduler.base_lrs
                config.scheduler.base_lrs = [rate * self.factor for rate in rates]
        info(
            f"nothing is read after {trainer.global_step:,} steps: the learning rate is multiplied "
            f"by {self.factor:g} (callbacks.lr_backoff)"
        )

    def state_dict(self) -> dict[str, bool]:
        """Return whether the rate has been reduced."""
        return {"reduced": self._reduced}

    def load_state_dict(self, state_dict: dict[str, bool]) -> None:
        """Restore whether the rate has been reduced."""
        self._reduced = state_dict["reduced"]
