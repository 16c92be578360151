"""A run that reads nothing yet goes on with a lower learning rate."""

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from ocr.errors import UserError
from ocr.log import info
from ocr.models.metrics import has_not_learned


class LRBackoff(Callback):
    """Lowers lr, once, for a network that has long been taught and reads nothing.

    Where text is hard to tell from what is around it, the large steps that most sets are learnt
    with never find it, or lose it again.

    steps: until then; the next validation decides. factor: what lr is multiplied by, whichever
    schedule of conf/ it follows.
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
        self._slowed = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See whether it is time."""
        fitting = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if self._slowed or not fitting or not has_not_learned(trainer.callback_metrics):
            return
        if not self.steps <= trainer.global_step < trainer.estimated_stepping_batches:
            return
        self._slowed = True
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] *= self.factor
        for config in trainer.lr_scheduler_configs:
            # Schedules take lr from there, or from the optimizer; a checkpoint has both.
            if hasattr(config.scheduler, "base_lrs"):
                rates = config.scheduler.base_lrs
                config.scheduler.base_lrs = [rate * self.factor for rate in rates]
        info(
            f"nothing is read after {trainer.global_step:,} steps: lr is multiplied by "
            f"{self.factor:g} from here on (callbacks.lr_backoff)"
        )

    def state_dict(self) -> dict[str, bool]:
        """Whether it has been done."""
        return {"slowed": self._slowed}

    def load_state_dict(self, state_dict: dict[str, bool]) -> None:
        """Once is enough."""
        self._slowed = state_dict["slowed"]
