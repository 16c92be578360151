"""When a run that gets no better ends."""

import math
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason

from ocr.errors import UserError
from ocr.log import info
from ocr.models.metrics import as_good_as_perfect, reads_nothing
from ocr.models.schedulers import OneCycle
from ocr.pluralize import pluralize


class AnnealedEarlyStopping(EarlyStopping):
    """Lightning's, but a run whose learning rate is up first lets it come down.

    Much of what a run learns it learns then, so to stop before would be to stop too soon. When
    `patience` is over lr falls, for as long as if the run had been planned to be that short, and
    the end of the fall is the end of the run. Other schedules than `onecycle` stop at once.
    Patience begins when something is read: before that there is nothing that could get better.
    It is shorter, and so is the fall, where the best epoch is `as_good_as_perfect`.
    """

    def __init__(self, *, patience_if_perfect: float = 1.0, **settings: Any) -> None:
        """Take what Lightning takes, and one setting more.

        Args:
            patience_if_perfect: The share of `patience`, and of lr's fall, that is left after an
                epoch that is `as_good_as_perfect`.
            settings: Those of Lightning's `EarlyStopping`.

        Raises:
            UserError: `patience_if_perfect` is no number above 0 and up to 1.
        """
        if not (isinstance(patience_if_perfect, int | float) and 0 < patience_if_perfect <= 1):
            raise UserError(
                f"callbacks.early_stopping.patience_if_perfect={patience_if_perfect}: give a "
                "share, above 0 and up to 1"
            )
        super().__init__(**settings)
        self.patience_if_perfect = patience_if_perfect
        self._whole_patience = self.patience
        self._share = 1.0  # of patience and fall: less after an epoch that is as good as perfect
        self._fell_at: int | None = None  # the step at which patience was over
        self._has_read = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that goes on ends where it would have ended."""
        if self._fell_at is None:
            return
        cycle = _cycle(trainer)
        cycle.fall_from(self._fell_at, self._share)
        if trainer.global_step >= cycle.end:
            trainer.should_stop = True
            info(
                "the run to go on from had come to its end, as it got no better. For more of it, "
                "give a new run init_from in place of ckpt_path"
            )

    def _run_early_stopping_check(self, trainer: Trainer) -> None:
        others = trainer.should_stop
        self._has_read |= not reads_nothing(trainer.callback_metrics)
        if not self._has_read:
            self.wait_count = -1  # to which Lightning adds this epoch
        super()._run_early_stopping_check(trainer)
        if self.wait_count == 0 and self._fell_at is None:
            perfect = as_good_as_perfect(trainer.callback_metrics)
            self._share = self.patience_if_perfect if perfect else 1.0
            self.patience = math.ceil(self._share * self._whole_patience)
        cycle = _cycle(trainer)
        impatient = self.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED
        if cycle is None or (trainer.should_stop and not impatient):
            return
        if trainer.should_stop and self._fell_at is None and trainer.global_step < cycle.fall:
            self._fell_at = trainer.global_step
            cycle.fall_from(self._fell_at, self._share)
            per_epoch = trainer.global_step / (trainer.current_epoch + 1)
            info(
                f"{self.monitor} has not improved for {checks(trainer, self.wait_count)} "
                "(callbacks.early_stopping.patience): lr falls from here on, and the run ends with "
                f"epoch {math.ceil(cycle.end / per_epoch)}"
            )
        over = self._fell_at is not None and trainer.global_step >= cycle.end
        trainer.should_stop = others or over

    def stopped(self, trainer: Trainer) -> EarlyStoppingReason:
        """Why this ended the fit; `NOT_STOPPED` if something else did.

        Args:
            trainer: The trainer whose fit is over.
        """
        cycle = _cycle(trainer)
        over = trainer.should_stop
        if cycle and self.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED:
            over = self._fell_at is not None and trainer.global_step >= cycle.end
        return self.stopping_reason if over else EarlyStoppingReason.NOT_STOPPED

    def state_dict(self) -> dict[str, Any]:
        """Lightning's own state, where and how lr began to fall, and whether something was read."""
        own = {"fell_at": self._fell_at, "share": self._share, "has_read": self._has_read}
        return super().state_dict() | own

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take that up; patience is this run's own."""
        super().load_state_dict(state_dict)
        self._share = state_dict.get("share", 1.0)  # earlier checkpoints have none
        self.patience = math.ceil(self._share * self._whole_patience)
        self._fell_at = state_dict["fell_at"]
        self._has_read = state_dict["has_read"]


def planned_steps(trainer: Trainer) -> float:
    """Steps of the whole run, if nothing ends it before: fewer, once lr falls; maybe infinite.

    Args:
        trainer: The trainer of the run.
    """
    cycle = _cycle(trainer)
    return min(trainer.estimated_stepping_batches, cycle.end if cycle else math.inf)


def checks(trainer: Trainer, number: int) -> str:
    """How often the scores were looked at, in words: '15 epochs', or '15 validations'.

    Args:
        trainer: The trainer, which knows when it validates.
        number: Of validations.
    """
    each_epoch = trainer.check_val_every_n_epoch == 1 and trainer.val_check_interval == 1.0
    return pluralize(number, "epoch" if each_epoch else "validation")


def _cycle(trainer: Trainer) -> OneCycle | None:
    """What the learning rate follows, if that is `onecycle`."""
    [config] = trainer.lr_scheduler_configs
    factors = getattr(config.scheduler, "lr_lambdas", [None])
    cycle = getattr(factors[0], "__self__", None)
    return cycle if isinstance(cycle, OneCycle) else None
