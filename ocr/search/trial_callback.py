"""The callback that connects the training of one trial to the study."""

import math
import time
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import optuna
from pytorch_lightning import Callback, LightningModule, Trainer

from ocr.data.samples import Sample
from ocr.errors import UserError
from ocr.log import info
from ocr.search.storage import open_storage
from ocr.search.study import rejoin
from ocr.search.trial_end import TrialEnd, trials_end_key

# The value that the pruner compares, by objective. Exact match stays 0 long after the character
# error rate begins to fall, so 1 - CER replaces it. The loss breaks ties between equal error rates,
# which are common with few or easy images.
_LOSS_WEIGHT = 1e-3
_REPORTED = {
    "val/cer": lambda metrics: metrics["val/cer"] + _LOSS_WEIGHT * metrics["val/loss"],
    "val/loss": lambda metrics: metrics["val/loss"],
    "val/exact_match": lambda metrics: 1 - metrics["val/cer"] - _LOSS_WEIGHT * metrics["val/loss"],
}


class TrialCallback(Callback):
    """Reporter of each validation to the study; it stops training for the pruner or time limit.

    Args:
        number: The trial's number.
        deadline: The time to stop, in seconds since 1970; None for no limit.
        objective: The name of the optimised metric.
        storage: The study's storage.
        study_name: The study's name.
        pruner: The pruner; None for Optuna's default.
    """

    def __init__(
        self,
        number: int,
        deadline: float | None,
        objective: str,
        storage: str,
        study_name: str,
        pruner: optuna.pruners.BasePruner | None,
    ) -> None:
        self.number = number
        self.deadline = deadline
        self.objective = objective
        self.storage = storage
        self.study_name = study_name
        self.pruner = pruner
        self._trial: Any = None  # an optuna.Trial, once training starts

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Rejoin the trial, and check that all trials have the same validation images.

        Raises:
            UserError: This trial has others, so its score cannot be compared.
        """
        if not trainer.is_global_zero:
            return
        study = optuna.load_study(
            study_name=self.study_name, storage=open_storage(self.storage), pruner=self.pruner
        )
        self._trial = rejoin(study, self.number)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        validated = data.parts["val"]
        own = {"images": len(validated), "digest": _digest(validated)}
        others = study.user_attrs.get("validated")
        if others is None:
            study.set_user_attr("validated", own)
        elif own != others:
            fewer = own["images"] < others["images"] and data.unusable
            why = fewer[-1].text if fewer else "the images or captions have changed"
            raise UserError(
                f"{own['images']} validation images, but {others['images']} in the other trials, "
                f"so they can't be compared: {why}. If the folder has changed, start a new search "
                "with another hydra.sweep.dir and this trials.csv as hydra.sweeper.start_from"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the validation, and stop the training on all ranks if it should end."""
        if trainer.sanity_checking:
            return
        message = self._report(trainer) if trainer.is_global_zero else ""
        message = trainer.strategy.broadcast(message)
        if message:
            info(message)
            trainer.should_stop = True

    def _report(self, trainer: Trainer) -> str:
        """Report to the study; return why the training should end, or an empty text."""
        value = float(_REPORTED[self.objective](trainer.callback_metrics))
        epoch = trainer.current_epoch + 1
        if len(self._trial.study.directions) == 1:  # Optuna prunes only with one objective
            if math.isfinite(value):
                self._trial.report(value, epoch)
            if epoch != trainer.max_epochs and self._trial.should_prune():
                return self._record(TrialEnd.PRUNED, f"pruned in epoch {epoch}")
        if self._is_late():
            message = f"stopped in epoch {epoch} by the time limit, hydra.sweeper.minutes"
            return self._record(TrialEnd.TIME_LIMIT, message)
        return ""

    def _is_late(self) -> bool:
        if self.deadline is None:
            return False
        key = trials_end_key(self._trial.user_attrs.get("owner", {}))
        published = self._trial.study.user_attrs.get(key, self.deadline)
        return time.time() > min(self.deadline, published)

    def _record(self, end: TrialEnd, message: str) -> str:
        self._trial.set_user_attr("end", end)
        self._trial.set_user_attr("reason", message)
        return message


def _digest(samples: Iterable[Sample]) -> str:
    """Hash images and captions, independently of their order."""
    lines = sorted(f"{sample.digest} {sample.text}" for sample in samples)
    return blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
