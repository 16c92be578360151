"""Why a run ended."""

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Timer
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason

from ocr.callbacks.early_stopping import AnnealedEarlyStopping, checks

_STOPPED = {
    EarlyStoppingReason.PATIENCE_EXHAUSTED: (
        "patience",
        "because {0.monitor} had not improved for {1} (callbacks.early_stopping.patience)",
    ),
    EarlyStoppingReason.STOPPING_THRESHOLD: (
        "threshold",
        "because {0.monitor} had passed "
        "callbacks.early_stopping.stopping_threshold={0.stopping_threshold:g}",
    ),
    EarlyStoppingReason.DIVERGENCE_THRESHOLD: (
        "divergence",
        "because {0.monitor} had passed "
        "callbacks.early_stopping.divergence_threshold={0.divergence_threshold:g}",
    ),
    EarlyStoppingReason.NON_FINITE_METRIC: (
        "not_finite",
        "because {0.monitor} was not a finite number",
    ),
}


def ending(trainer: Trainer) -> tuple[str, str]:
    """Why a fit ended: a word for machines, and words that go on with 'the run ended'.

    Args:
        trainer: The trainer whose fit is over, and which has not tested since.

    Returns:
        `patience`, `threshold`, `divergence`, `not_finite`, `max_steps`, `max_epochs`, `max_time`
        or `stopped`, and the words.
    """
    for callback in trainer.callbacks:
        if isinstance(callback, AnnealedEarlyStopping):
            reason = callback.stopped(trainer)
            if reason in _STOPPED:
                word, words = _STOPPED[reason]
                return word, words.format(callback, checks(trainer, callback.patience))
    if 0 <= trainer.max_steps <= trainer.global_step:
        return "max_steps", f"after trainer.max_steps={trainer.max_steps}"
    if trainer.global_step < trainer.estimated_stepping_batches:
        left = [c.time_remaining() for c in trainer.callbacks if isinstance(c, Timer)]
        if any(seconds is not None and seconds <= 0 for seconds in left):
            return "max_time", "because trainer.max_time was over"
        if trainer.should_stop:
            return "stopped", "before its time, as a callback wanted"
    return "max_epochs", f"after trainer.max_epochs={trainer.max_epochs}"
