"""Which epochs are kept: best.ckpt and last.ckpt."""

import math
import shutil
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import SIGTERMException

from ocr.errors import UserError
from ocr.log import info
from ocr.models.metrics import CHANCE


class BestCheckpoint(ModelCheckpoint):
    """best.ckpt by `monitor`; `scores` holds its validation values, `epoch` and `step` its place.

    The latest of all epochs that are as good as the best one, or worse by no more than chance: two
    standard errors. On few images the best value of many epochs is a matter of luck, and later ones
    have seen more, at a lower learning rate. (After Breiman et al. 1984, section 3.4.3, who allow
    one; but theirs is the luckiest of fewer.)
    """

    def __init__(self, dirpath: str, monitor: str, mode: str) -> None:
        super().__init__(dirpath, "best", monitor, mode=mode, enable_version_counter=False)
        self.scores: dict[str, float] = {}
        self.epoch: int | None = None  # counted from 1
        self.step: int | None = None
        self._validated = False  # since the last end of an epoch
        self._value: float | None = None  # the best that any epoch had
        self._judged = 0  # characters or images that `monitor` is a share of; 0: it is no share
        self._images = 0  # of the validation part, which limit_val_batches may not read as a whole

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put an earlier run's best.ckpt aside, unless this one goes on; count what is judged."""
        if not trainer.ckpt_path:
            put_aside(Path(self.dirpath) / "best.ckpt")
        if trainer.datamodule and self.monitor != "val/loss":
            validated = trainer.datamodule.dataset("val")
            self._judged = validated.characters if self.monitor == "val/cer" else len(validated)
            self._images = len(validated)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, if it isn't the end of the epoch that does; note that there are scores."""
        self._validated = not trainer.sanity_checking
        super().on_validation_end(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, but not an epoch that was cut short and has the scores of the one before."""
        if self._validated:
            super().on_train_epoch_end(trainer, pl_module)
        self._validated = False

    @property
    def path(self) -> str:
        """Where best.ckpt lies. Raises UserError if no epoch has come to its end."""
        if not self.best_model_path:
            raise UserError(
                "the run ended before its first validation, so there is no best.ckpt: give more "
                "trainer.max_time, trainer.max_steps or trainer.max_epochs"
            )
        return self.best_model_path

    def take(self, path: str | None) -> None:
        """Make `path` the best of a run that doesn't train."""
        if path is None:
            raise UserError("fit=false tests a checkpoint: give ckpt_path=.../best.ckpt")
        self.best_model_path = path

    def check_monitor_top_k(self, trainer: Trainer, current: torch.Tensor | None = None) -> bool:
        """Whether `current` is as good as the best value so far, as far as one can tell."""
        if current is None or self._value is None or not math.isfinite(current):
            return super().check_monitor_top_k(trainer, current)
        worse = self._value - current if self.mode == "max" else current - self._value
        return bool(worse <= self._chance())

    def _chance(self) -> float:
        """By how much the best value may be off; with a mistake more, so that 0 may, as well."""
        if not self._judged:
            return 0.0
        judged = self._judged * self.scores.get("val/images", self._images) / self._images
        wrong = 1 - self._value if self.mode == "max" else self._value
        error = math.sqrt(max(0.0, wrong * (1 - wrong)) * judged + 1) / judged
        return CHANCE * error

    def _save_topk_checkpoint(self, trainer: Trainer, candidates: dict[str, torch.Tensor]) -> None:
        current = candidates.get(self.monitor)
        if current is not None and math.isfinite(current):
            self._value = self._better(float(current), self._value)
        if self.check_monitor_top_k(trainer, current):
            self.scores = {k: float(v) for k, v in candidates.items() if k.startswith("val/")}
            self.epoch, self.step = int(candidates["epoch"]) + 1, int(candidates["step"])
        super()._save_topk_checkpoint(trainer, candidates)

    def _better(self, value: float, other: float | None) -> float:
        return value if other is None else (max if self.mode == "max" else min)(value, other)

    def state_dict(self) -> dict[str, Any]:
        """Lightning's own state, the scores, and of when they are."""
        own = {"scores": self.scores, "value": self._value, "epoch": self.epoch}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the best of an earlier run, whose best.ckpt comes along into this folder.

        To test is not to go on: the best that was trained or taken stays, and nothing is copied
        while other ranks read.
        """
        if self.best_model_path:
            return
        old, own = Path(state_dict["best_model_path"]), Path(self.dirpath) / "best.ckpt"
        if not old.is_file():
            return
        if old.resolve() != own.resolve():
            _copy(old, own)
        score = state_dict["best_model_score"]
        self.scores = state_dict["scores"]
        self._value = self._better(float(score), state_dict.get("value"))
        self.epoch = state_dict.get("epoch")  # earlier checkpoints have none
        super().load_state_dict(
            state_dict
            | {
                "dirpath": self.dirpath,
                "best_model_path": str(own),
                "kth_best_model_path": str(own),
                "kth_value": score,
                "best_k_models": {str(own): score},
            }
        )


@rank_zero_only
def put_aside(path: Path) -> None:
    """Rename an earlier run's file, and say so, before this run writes its own.

    Args:
        path: The file, which needn't be there.
    """
    if path.exists():
        names = (path.with_suffix(f".{number}{path.suffix}") for number in count(1))
        kept = path.rename(next(name for name in names if not name.exists()))
        info(f"{path.parent} holds a run already: its {path.name} is kept as {kept.name}")


@rank_zero_only
def _copy(old: Path, own: Path) -> None:
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(old, own)


class LastCheckpoint(ModelCheckpoint):
    """last.ckpt at the end of every epoch, and when Ctrl-C or a scheduler ends the training.

    every_minutes: and so often in between, for epochs that last for hours.
    """

    def __init__(self, dirpath: str, every_minutes: float | None = None) -> None:
        if every_minutes is not None and not every_minutes >= 0:
            raise UserError(
                f"callbacks.last.every_minutes={every_minutes}: give 0 or more, or null"
            )
        super().__init__(
            dirpath, "last", save_on_train_epoch_end=True, enable_version_counter=False
        )
        self.every_minutes = every_minutes
        self._saved = monotonic()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put aside an earlier run's last.ckpt, unless this one goes on."""
        if not trainer.ckpt_path:
            put_aside(Path(self.dirpath) / "last.ckpt")

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save if it is time; not at the end of an epoch, whose own last.ckpt comes presently."""
        if self.every_minutes is None or trainer.is_last_batch:
            return
        due = monotonic() - self._saved >= 60 * self.every_minutes
        if trainer.strategy.broadcast(due):  # the devices' clocks may differ
            trainer.save_checkpoint(Path(self.dirpath) / "last.ckpt")
            self._saved = monotonic()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing is taken up: this run writes a last.ckpt of its own."""

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Keep what an interrupted run has learnt, and say how to go on."""
        interrupted = isinstance(exception, KeyboardInterrupt | SIGTERMException)
        if not interrupted or trainer.state.fn != TrainerFn.FITTING:
            return
        last = Path(self.dirpath) / "last.ckpt"
        if trainer.world_size == 1:  # several processes may stand at different places
            trainer.save_checkpoint(last)
        if last.exists():
            over = 0 < (trainer.max_epochs or 0) <= trainer.current_epoch
            where = "after the last epoch" if over else f"in epoch {trainer.current_epoch + 1}"
            info(
                f"stopped {where}. To go on from there, give the same command again with "
                f"ckpt_path={last}"
            )
        else:
            info("stopped before the end of the first epoch: nothing to go on from")
