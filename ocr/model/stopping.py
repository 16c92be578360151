"""When a run that gets no better ends."""

from math import ceil
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason

from ocr.log import say
from ocr.model.schedules import OneCycle


class AnnealedStopping(EarlyStopping):
    """Lightning's, but a run whose learning rate is up first lets it come down.

    Much of what a run learns it learns then, so to stop before would be to stop too soon. As soon
    as `patience` is over lr falls, for as long as if the run had been planned to be that short;
    the end of the fall is the end of the run. Other schedules than `onecycle` stop at once.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.last_epoch: int | None = None  # epochs in all, once that is known

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that goes on ends where it would have ended."""
        if self.last_epoch is not None:
            trainer.fit_loop.max_epochs = self.last_epoch

    def _run_early_stopping_check(self, trainer: Trainer) -> None:
        others = trainer.should_stop
        super()._run_early_stopping_check(trainer)
        impatient = self.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED
        if others or not (trainer.should_stop and impatient):
            return
        cycles = [
            cycle
            for config in trainer.lr_scheduler_configs
            for cycle in getattr(config.scheduler, "lr_lambdas", [])
            if isinstance(cycle, OneCycle)
        ]
        if not cycles:
            return
        trainer.should_stop, self.stopped_epoch = False, 0
        if self.last_epoch is None:
            self.last_epoch = self._fall(trainer, cycles)
            trainer.fit_loop.max_epochs = self.last_epoch

    def _fall(self, trainer: Trainer, cycles: list[OneCycle]) -> int:
        """Let lr fall; returns the epochs that the run will have had then."""
        step, epoch = trainer.global_step, trainer.current_epoch + 1
        if step >= cycles[0].fall:  # it does already
            return trainer.max_epochs
        for cycle in cycles:
            cycle.fall_from(step)
        last = min(trainer.max_epochs, ceil(cycles[0].end / (step / epoch)))
        say(
            f"{self.monitor} has not improved for {self.wait_count} epochs: lr falls from here on, "
            f"to the end in epoch {last}"
        )
        return last

    def state_dict(self) -> dict[str, Any]:
        """Lightning's own state, and when the run ends."""
        return {**super().state_dict(), "last_epoch": self.last_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take that up."""
        super().load_state_dict(state_dict)
        self.last_epoch = state_dict.get("last_epoch")
