"""The reason why a run ended."""

from typing import NamedTuple

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Timer
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason

from ocr.callbacks.early_stopping import AnnealedEarlyStopping, count_validations


class StopReason(NamedTuple):
    """The reason why a fit ended.

    Attributes:
        code: `ended` in metrics.json: patience, threshold, divergence, not_finite, max_steps,
            max_epochs, max_time or stopped.
        text: Continues "the run ended".
    """

    code: str
    text: str


def stop_reason(trainer: Trainer) -> StopReason:
    """Return why a fit ended.

    Args:
        trainer: A trainer after its fit and before a test, which replaces the state of the
            callbacks by the one in best.ckpt.

    Returns:
        The reason.
    """
    for callback in trainer.callbacks:
        if isinstance(callback, AnnealedEarlyStopping) and (
            reason := _early_stopping_reason(trainer, callback)
        ):
            return reason
    if 0 <= trainer.max_steps <= trainer.global_step:
        return StopReason("max_steps", f"after trainer.max_steps={trainer.max_steps}")
    if trainer.global_step < trainer.estimated_stepping_batches:
        left = [c.time_remaining() for c in trainer.callbacks if isinstance(c, Timer)]
        if any(seconds is not None and seconds <= 0 for seconds in left):
            return StopReason("max_time", "because trainer.max_time was over")
        if trainer.should_stop:
            return StopReason("stopped", "early, because a callback stopped it")
    return StopReason("max_epochs", f"after trainer.max_epochs={trainer.max_epochs}")


def _early_stopping_reason(trainer: Trainer, stopping: AnnealedEarlyStopping) -> StopReason | None:
    key = "callbacks.early_stopping"
    match stopping.reason(trainer):
        case EarlyStoppingReason.PATIENCE_EXHAUSTED:
            validations = count_validations(trainer, stopping.patience)
            return StopReason(
                "patience",
                f"because {stopping.monitor} had not improved for {validations} ({key}.patience)",
            )
        case EarlyStoppingReason.STOPPING_THRESHOLD:
            threshold = f"{key}.stopping_threshold={stopping.stopping_threshold:g}"
            return StopReason("threshold", f"because {stopping.monitor} had passed {threshold}")
        case EarlyStoppingReason.DIVERGENCE_THRESHOLD:
            threshold = f"{key}.divergence_threshold={stopping.divergence_threshold:g}"
            return StopReason("divergence", f"because {stopping.monitor} had passed {threshold}")
        case EarlyStoppingReason.NON_FINITE_METRIC:
            return StopReason("not_finite", f"because {stopping.monitor} was not finite")
    return None
