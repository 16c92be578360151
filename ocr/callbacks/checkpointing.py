"""Checkpoints of a run: best.ckpt and last.ckpt."""

import math
import shutil
from pathlib import Path
from time import monotonic
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import SIGTERMException

from ocr.errors import UserError
from ocr.log import info
from ocr.models.metrics import STANDARD_ERRORS


class BestCheckpoint(Checkpoint):
    """Keep best.ckpt, the latest epoch that is as good as the best one.

    As good as the best means worse by no more than two standard errors. On few images the best
    value of many epochs is a matter of luck, and later epochs have seen more data at a lower
    learning rate. (After Breiman et al. 1984, section 3.4.3, who allow one standard error.)

    Args:
        dirpath: Folder of the file.
        monitor: Name of a validation metric.
        mode: min or max.

    Attributes:
        scores: Metrics of the kept epoch.
        epoch: Number of the kept epoch, from 1; None if there is none.
        step: Optimizer step at which it was saved.
    """

    def __init__(self, dirpath: str, monitor: str, mode: str) -> None:
        self.monitor = monitor
        self.mode = mode
        self.scores: dict[str, float] = {}
        self.epoch: int | None = None
        self.step: int | None = None
        self._file = Path(dirpath) / "best.ckpt"
        self._path: str | None = None  # of the kept checkpoint
        self._best_value: float | None = None  # the best finite value of any epoch
        self._has_new_scores = False  # since the last end of an epoch
        # Characters or images that `monitor` is a proportion of; 0 if it is none.
        self._population = 0
        self._images = 0  # of the validation part

    @property
    def state_key(self) -> str:
        """Key of the state in a checkpoint; a resumed run may have another metric."""
        return f"{type(self).__qualname__}[{self.monitor}]"

    @property
    def path(self) -> str:
        """Path of the kept checkpoint.

        Raises:
            UserError: If there is none, because no epoch has been validated.
        """
        if self._path is None:
            raise UserError(
                "the run ended before its first validation, so there is no best.ckpt: give more "
                "trainer.max_time, trainer.max_steps or trainer.max_epochs"
            )
        return self._path

    def use(self, path: str | None) -> None:
        """Use `path` as the best checkpoint of a run that doesn't train."""
        if path is None:
            raise UserError("fit=false tests a checkpoint: give ckpt_path=.../best.ckpt")
        self._path = path

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count the characters or images that the monitored value is a proportion of."""
        if trainer.datamodule and self.monitor != "val/loss":
            dataset = trainer.datamodule.dataset("val")
            self._population = dataset.characters if self.monitor == "val/cer" else len(dataset)
            self._images = len(dataset)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the epoch if it is good, unless the end of the epoch does."""
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        self._has_new_scores = True
        if not _validates_at_epoch_end(trainer):
            self._save_if_good(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the epoch if it is good; one that was cut short has no scores of its own."""
        if self._has_new_scores and _validates_at_epoch_end(trainer):
            self._save_if_good(trainer)
        self._has_new_scores = False

    def state_dict(self) -> dict[str, Any]:
        """Return the path and the scores of the kept checkpoint."""
        return {
            "path": self._path,
            "scores": self.scores,
            "value": self._best_value,
            "epoch": self.epoch,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue with best.ckpt of the resumed run, which is copied to this folder.

        A test loads the state as well, but has its checkpoint already. Nothing is copied then,
        because other ranks may be reading the file.
        """
        if self._path is not None or not state_dict["path"]:
            return
        earlier = Path(state_dict["path"])
        if not earlier.is_file():
            return
        if earlier.resolve() != self._file.resolve():
            _copy(earlier, self._file)
        self._path = str(self._file)
        self.scores = state_dict["scores"]
        self._best_value = state_dict["value"]
        self.epoch = state_dict["epoch"]

    def _save_if_good(self, trainer: Trainer) -> None:
        metrics = trainer.callback_metrics
        if self.monitor not in metrics:
            raise UserError(
                f"callbacks.best.monitor={self.monitor}: no such metric; choose one of "
                f"{', '.join(sorted(metrics))}"
            )
        if not self._is_good(float(metrics[self.monitor])):
            return
        self.scores = {k: float(v) for k, v in metrics.items() if k.startswith("val/")}
        self.epoch, self.step = trainer.current_epoch + 1, trainer.global_step
        self._path = str(self._file)
        trainer.save_checkpoint(self._file)

    def _is_good(self, value: float) -> bool:
        """Return whether to keep an epoch with this value."""
        if not math.isfinite(value):
            return self._path is None
        better = min if self.mode == "min" else max
        self._best_value = value if self._best_value is None else better(value, self._best_value)
        return abs(value - self._best_value) <= self._tolerance(self._best_value)

    def _tolerance(self, best: float) -> float:
        """Return two standard errors of the best value.

        One mistake is added, so that the tolerance of a perfect value is above 0.
        """
        if not self._population:
            return 0.0
        # trainer.limit_val_batches may leave out some images.
        read = self._population * self.scores.get("val/images", self._images) / self._images
        error = best if self.mode == "min" else 1 - best
        variance = max(0.0, error * (1 - error)) * read + 1
        return STANDARD_ERRORS * math.sqrt(variance) / read


class LastCheckpoint(Checkpoint):
    """Keep last.ckpt, saved at the end of every epoch and when the run is interrupted.

    Args:
        dirpath: Folder of the file.
        every_minutes: Also save this often within an epoch; None for not at all.

    Raises:
        UserError: If `every_minutes` is negative.
    """

    def __init__(self, dirpath: str, every_minutes: float | None = None) -> None:
        if every_minutes is not None and not every_minutes >= 0:
            raise UserError(
                f"callbacks.last.every_minutes={every_minutes}: give 0 or more, or null"
            )
        self.every_minutes = every_minutes
        self._file = Path(dirpath) / "last.ckpt"
        self._saved_at = monotonic()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save if it is due, except after the last batch: the end of the epoch saves anyway."""
        if self.every_minutes is None or trainer.is_last_batch:
            return
        due = monotonic() - self._saved_at >= 60 * self.every_minutes
        if trainer.strategy.broadcast(due):  # the clocks of several ranks may differ
            trainer.save_checkpoint(self._file)
            self._saved_at = monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the checkpoint."""
        trainer.save_checkpoint(self._file)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save an interrupted run, and report how to resume it."""
        interrupted = isinstance(exception, KeyboardInterrupt | SIGTERMException)
        if not interrupted or trainer.state.fn != TrainerFn.FITTING:
            return
        if trainer.world_size == 1:  # several ranks may be at different steps
            trainer.save_checkpoint(self._file)
        if not self._file.exists():
            info("stopped before the end of the first epoch: there is nothing to resume")
            return
        is_over = 0 < (trainer.max_epochs or 0) <= trainer.current_epoch
        where = "after the last epoch" if is_over else f"in epoch {trainer.current_epoch + 1}"
        info(
            f"stopped {where}. To resume the run, give the same command again with "
            f"ckpt_path={self._file}"
        )


@rank_zero_only
def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _validates_at_epoch_end(trainer: Trainer) -> bool:
    """Return whether each epoch has exactly one validation, at its end."""
    return trainer.check_val_every_n_epoch == 1 and trainer.val_check_interval == 1.0
