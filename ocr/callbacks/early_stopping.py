"""Early stopping that anneals the learning rate first."""

import math
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason
from pytorch_lightning.trainer.states import TrainerFn

from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import info
from ocr.models.metrics import has_not_learned, is_near_perfect
from ocr.models.schedulers import OneCycle, OneCycleLR


class AnnealedEarlyStopping(EarlyStopping):
    """Anneal the learning rate when the patience is exhausted, then stop.

    A network learns much while the rate of a `onecycle` schedule falls, so stopping at the peak
    would be too early. When the patience is exhausted, the rate begins to fall, over as many steps
    as if the run had been planned that short, and the run ends with the fall. With other schedules
    it ends at once. The patience is counted from the first validation in which something is read.
    Both patience and fall are shorter if the best epoch is near perfect.

    Args:
        patience_if_perfect: Factor of the patience and of the fall after an epoch that
            `is_near_perfect`.
        settings: Arguments of Lightning's `EarlyStopping`.

    Raises:
        UserError: If `patience_if_perfect` is not above 0 and up to 1.
    """

    def __init__(self, *, patience_if_perfect: float = 1.0, **settings: Any) -> None:
        if not (isinstance(patience_if_perfect, int | float) and 0 < patience_if_perfect <= 1):
            raise UserError(
                f"callbacks.early_stopping.patience_if_perfect={patience_if_perfect}: give a "
                "share above 0, up to 1"
            )
        super().__init__(**settings, check_on_train_epoch_end=False)
        self.patience_if_perfect = patience_if_perfect
        self._full_patience = self.patience  # type: ignore[has-type]
        self._share = 1.0  # of the patience and of the fall
        self._annealed_from: int | None = None  # the step at which the rate began to fall
        self._has_read = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the fall of the learning rate in a resumed run."""
        cycle = _onecycle(trainer)
        if self._annealed_from is None or cycle is None:
            return
        cycle.anneal_from(self._annealed_from, self._share)
        if trainer.global_step >= cycle.end:
            trainer.should_stop = True
            info(
                "the run that ckpt_path resumes had already ended by early stopping. To train it "
                "further, give a new run init_from in place of ckpt_path"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Update the patience, and anneal or stop if it is exhausted."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        stopped_by_others = trainer.should_stop
        self._has_read |= not has_not_learned(trainer.callback_metrics)
        if not self._has_read:
            self.wait_count = -1  # Lightning adds this epoch
        super().on_validation_end(trainer, pl_module)
        if self.wait_count == 0 and self._annealed_from is None:
            near_perfect = is_near_perfect(trainer.callback_metrics)
            self._set_share(self.patience_if_perfect if near_perfect else 1.0)
        cycle = _onecycle(trainer)
        exhausted = self.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED
        if cycle is None or (trainer.should_stop and not exhausted):
            return
        if (
            trainer.should_stop
            and self._annealed_from is None
            and trainer.global_step < cycle.fall_start
        ):
            self._anneal(trainer, cycle)
        trainer.should_stop = stopped_by_others or self._is_annealed(trainer, cycle)

    def reason(self, trainer: Trainer) -> EarlyStoppingReason:
        """Return why this callback ended a fit.

        Args:
            trainer: A trainer that has fitted.

        Returns:
            The reason; `NOT_STOPPED` if something else ended the fit.
        """
        cycle = _onecycle(trainer)
        stopped = trainer.should_stop
        if cycle and self.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED:
            stopped = self._is_annealed(trainer, cycle)
        return self.stopping_reason if stopped else EarlyStoppingReason.NOT_STOPPED

    def state_dict(self) -> dict[str, Any]:
        """Return Lightning's state and this class's own."""
        own = {
            "annealed_from": self._annealed_from,
            "share": self._share,
            "has_read": self._has_read,
        }
        return super().state_dict() | own

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state, but keep the patience of this run's config."""
        super().load_state_dict(state_dict)
        self._set_share(state_dict["share"])
        self._annealed_from = state_dict["annealed_from"]
        self._has_read = state_dict["has_read"]

    def _set_share(self, share: float) -> None:
        self._share = share
        self.patience = math.ceil(share * self._full_patience)

    def _anneal(self, trainer: Trainer, cycle: OneCycle) -> None:
        self._annealed_from = trainer.global_step
        cycle.anneal_from(trainer.global_step, self._share)
        steps_per_epoch = trainer.global_step / (trainer.current_epoch + 1)
        info(
            f"{self.monitor} has not improved for {count_validations(trainer, self.wait_count)} "
            "(callbacks.early_stopping.patience): the learning rate is annealed from here on, and "
            f"the run ends with epoch {math.ceil(cycle.end / steps_per_epoch)}"
        )

    def _is_annealed(self, trainer: Trainer, cycle: OneCycle) -> bool:
        return self._annealed_from is not None and trainer.global_step >= cycle.end


def planned_steps(trainer: Trainer) -> float:
    """Return the steps of the whole run, which are fewer once the learning rate is annealed.

    Args:
        trainer: The trainer of the run.

    Returns:
        Optimizer steps; infinite if the run has no planned end.
    """
    cycle = _onecycle(trainer)
    return min(trainer.estimated_stepping_batches, cycle.end if cycle else math.inf)


def count_validations(trainer: Trainer, count: int) -> str:
    """Phrase a number of validations: '15 epochs' if each epoch has one, else '15 validations'.

    Args:
        trainer: The trainer, which knows when it validates.
        count: Number of validations.
    """
    each_epoch = trainer.check_val_every_n_epoch == 1 and trainer.val_check_interval == 1.0
    return pluralize(count, "epoch" if each_epoch else "validation")


def _onecycle(trainer: Trainer) -> OneCycle | None:
    """Return the `onecycle` schedule of a run, if it has one."""
    [config] = trainer.lr_scheduler_configs
    scheduler = config.scheduler
    return scheduler.cycle if isinstance(scheduler, OneCycleLR) else None
