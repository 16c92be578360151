"""What a search does inside the training of one trial."""

import math
import time
from collections.abc import Iterable
from hashlib import blake2b

import optuna
from pytorch_lightning import Callback, LightningModule, Trainer

from ocr.data.samples import Sample
from ocr.errors import UserError
from ocr.log import info
from ocr.search.study import joined

# What is told to the pruner, so that it falls or rises as the objective does. Exact match stays 0
# long after reading has begun to improve, so the share of right characters stands in for it. Where
# few images or easy ones make equal error rates, the loss tells them apart.
_TIE = 1e-3
_REPORTS = {
    "val/cer": lambda metrics: metrics["val/cer"] + _TIE * metrics["val/loss"],
    "val/loss": lambda metrics: metrics["val/loss"],
    "val/exact_match": lambda metrics: 1 - metrics["val/cer"] - _TIE * metrics["val/loss"],
}


class Trial(Callback):
    """Reports every validation to the study, and ends the training if it is told to.

    number: of the trial. deadline: when to stop, in seconds since 1970.
    objective: what is optimised. storage, study_name: where the study is. pruner: Optuna's, or None
    for its default.
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
        self._trial: optuna.Trial | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Join the study; refuse to be measured on other images than the other trials."""
        if not trainer.is_global_zero:
            return
        study = joined(self.storage, self.study_name)
        study.pruner = self.pruner or study.pruner
        find = study._storage.get_trial_id_from_study_id_trial_number
        trial_id = find(study._study_id, self.number)
        self._trial = optuna.Trial(study, trial_id)
        validated = trainer.datamodule.parts["val"]
        own = {"images": len(validated), "mark": _mark(validated)}
        others = study.user_attrs.get("validated")
        if others is None:
            study.set_user_attr("validated", own)
        elif own != others:
            fewer = own["images"] < others["images"] and trainer.datamodule.lost
            why = fewer[-1].text if fewer else "images or captions aren't those of then"
            raise UserError(
                f"{own['images']} validation images, and {others['images']} in the other trials, "
                f"which can't be compared: {why}. If the folder has changed, search anew in "
                "another hydra.sweep.dir, with this trials.csv as hydra.sweeper.start_from"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report; stop if the pruner says so or time is up."""
        if trainer.sanity_checking:
            return
        reason = self._reason_to_stop(trainer) if trainer.is_global_zero else ""
        reason = trainer.strategy.broadcast(reason)
        if reason:
            info(reason)
            trainer.should_stop = True

    def _reason_to_stop(self, trainer: Trainer) -> str:
        value = float(_REPORTS[self.objective](trainer.callback_metrics))
        epoch = trainer.current_epoch + 1
        if len(self._trial.study.directions) == 1:  # Optuna prunes by one objective only
            if math.isfinite(value):
                self._trial.report(value, epoch)
            if epoch < trainer.max_epochs and self._trial.should_prune():
                reason = f"pruned in epoch {epoch}"
                self._stopped("pruned", reason)
                return reason
        if self.deadline is not None and time.time() > self.deadline:
            reason = f"stopped in epoch {epoch}: hydra.sweeper.minutes is over"
            self._stopped("late", reason)
            return reason
        return ""

    def _stopped(self, how: str, reason: str) -> None:
        self._trial.set_user_attr("stopped", {"how": how, "reason": reason})


def _mark(samples: Iterable[Sample]) -> str:
    """The same for the same images with the same captions."""
    lines = sorted(f"{sample.digest} {sample.text}" for sample in samples)
    return blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
