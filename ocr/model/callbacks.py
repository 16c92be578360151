"""What watches over a training run."""

import math
import shutil
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint, WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities import rank_zero_only
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ocr.errors import UserError
from ocr.log import say
from ocr.resolvers import OBJECTIVES


class BestCheckpoint(ModelCheckpoint):
    """best.ckpt by `monitor`; `scores` holds its validation values.

    The latest of all epochs that are as good as the best one, or worse by no more than chance: one
    standard error (Breiman et al. 1984, section 3.4.3). On few images the best value is a matter of
    luck, and later epochs have seen more, at a lower learning rate.
    """

    def __init__(self, dirpath: str, monitor: str, mode: str) -> None:
        if monitor not in OBJECTIVES:
            raise UserError(f"objective={monitor}: choose {', '.join(OBJECTIVES)}")
        super().__init__(dirpath, "best", monitor, mode=mode, enable_version_counter=False)
        self.scores: dict[str, float] = {}
        self._value: float | None = None  # the best that any epoch had
        self._judged = 0  # characters or images that `monitor` is a share of; 0: it is no share

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count what is validated."""
        if trainer.datamodule and self.monitor != "val/loss":
            validated = trainer.datamodule.dataset("val")
            self._judged = validated.characters if self.monitor == "val/cer" else len(validated)

    @property
    def path(self) -> str:
        """Where best.ckpt lies. Raises UserError if no epoch has come to its end."""
        if not self.best_model_path:
            raise UserError(
                "no epoch was trained and validated, so there is no best.ckpt: raise "
                "trainer.max_epochs (or trainer.max_time)"
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
        """One standard error of the best value, with a mistake more, so that 0 has one as well."""
        if not self._judged:
            return 0.0
        wrong = 1 - self._value if self.mode == "max" else self._value
        return math.sqrt(max(0.0, wrong * (1 - wrong)) * self._judged + 1) / self._judged

    def _save_topk_checkpoint(self, trainer: Trainer, candidates: dict[str, torch.Tensor]) -> None:
        current = candidates.get(self.monitor)
        if current is not None and math.isfinite(current):
            self._value = self._better(float(current), self._value)
        if self.check_monitor_top_k(trainer, current):
            self.scores = {k: float(v) for k, v in candidates.items() if k.startswith("val/")}
        super()._save_topk_checkpoint(trainer, candidates)

    def _better(self, value: float, other: float | None) -> float:
        return value if other is None else (max if self.mode == "max" else min)(value, other)

    def state_dict(self) -> dict[str, Any]:
        """Lightning's own state and the scores."""
        return {**super().state_dict(), "scores": self.scores, "value": self._value}

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
            say(
                f"stopped in epoch {trainer.current_epoch}. To go on from there, give the same "
                f"command again with ckpt_path={last}"
            )
        else:
            say("stopped before the end of the first epoch: nothing to go on from")


class MovingAverage(WeightAveraging):
    """Validates and saves the exponential moving average of the weights (Polyak & Juditsky 1992).

    decay: the share of the average that stays at each step. The average scores in the middle of
    a run what the weights themselves score only once the learning rate has come down.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))
        self._swapped = False

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._swapped = not self._swapped

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Interrupted while validating: put the weights back before last.ckpt saves them."""
        if self._swapped:
            self._swap_models(pl_module)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The average belongs to this fit: a later validation means the weights it is given."""
        self._average_model = None

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Go on averaging; but test the average, which is what a checkpoint's weights are."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)


class Stopwatch(Callback):
    """Logs `train/seconds`: the time spent on training so far, validation not counted.

    fit_seconds: of this fit, all told.
    """

    def __init__(self) -> None:
        self.fit_seconds = 0.0
        self._seconds = 0.0
        self._since: float | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting."""
        self._start = monotonic()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop counting."""
        self.fit_seconds = monotonic() - self._start

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on counting."""
        self._since = monotonic()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop for the validation, and note where the count stands."""
        self._pause()
        pl_module.log("train/seconds", self._seconds, rank_zero_only=True)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on counting."""
        self._since = monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop until the next epoch."""
        self._pause()

    def _pause(self) -> None:
        if self._since is not None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # what was started counts, too
            self._seconds += monotonic() - self._since
            self._since = None

    def state_dict(self) -> dict[str, float]:
        """The seconds so far."""
        return {"seconds": self._seconds}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from an earlier run."""
        self._seconds = state_dict["seconds"]


class HealthWatch(Callback):
    """Says in plain words when training goes nowhere.

    blank_steps: steps after which an output of nothing but blanks is worth a warning.
    """

    def __init__(self, blank_steps: int) -> None:
        self.blank_steps = blank_steps
        self._warned = False
        self._not_finite = 0

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: dict[str, torch.Tensor],
        batch: Any,
        batch_idx: int,
    ) -> None:
        """End a run whose loss has stopped being a number."""
        if trainer.global_step % 10:  # looking makes a GPU wait
            return
        self._not_finite = 0 if math.isfinite(outputs["loss"]) else self._not_finite + 1
        if self._not_finite == 3:
            raise UserError(
                f"the loss is {outputs['loss'].item()} and stays so (step {trainer.global_step}): "
                "lower optimizer.lr, keep trainer.gradient_clip_val above 0, or compute with "
                "trainer.precision=32-true"
            )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell of an output that is still blank."""
        share = trainer.callback_metrics.get("val/blanks")
        if self._warned or share is None or trainer.global_step < self.blank_steps:
            return
        if share > 0.999:
            self._warned = True
            say(
                f"after {trainer.global_step} steps the network still reads nothing: every time "
                "step says 'blank' (val/blanks). If it stays so, try a lower or a higher "
                "optimizer.lr, head.blank_prior=0.9, encoder.norm=batch, a smaller "
                "data.batch_size, or more trainer.max_epochs; and look whether the captions fit "
                "the images (split.csv)."
            )
