"""How long a run still takes."""

from collections import deque
from time import monotonic

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Timer

from ocr.callbacks.early_stopping import planned_steps

EPOCHS = 3  # the latest ones, whose pace is taken for that of the rest
SETTLED = 3  # seconds until the first steps tell a pace


class TimeLeft:
    """Estimates the time left of a fit, with its validations, by the pace of the latest epochs."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=EPOCHS + 1)
        self._planned = float("inf")
        self._validation = 0.0

    def mark(self, trainer: Trainer) -> None:
        """Take the time; to be called when training starts and at the start of each epoch."""
        self._marks.append((monotonic(), trainer.global_step))
        self._planned = planned_steps(trainer)
        batches = sum(trainer.num_val_batches)
        self._validation = batches / max(1, trainer.num_training_batches)

    def seconds(self, trainer: Trainer) -> float | None:
        """Seconds that are left if the run goes on to its planned end, or None if none can tell.

        Args:
            trainer: The trainer whose fit it is.
        """
        limits = [
            left
            for timer in trainer.callbacks
            if isinstance(timer, Timer) and (left := timer.time_remaining()) is not None
        ]
        pace = self._pace(trainer.global_step)
        if pace is not None and self._planned != float("inf"):
            since, step = self._marks[-1]
            # By the clock, which counts a validation that is under way; and by the steps, in case
            # that they take longer than before.
            by_clock = (self._planned - step) * pace - (monotonic() - since)
            limits.append(max(by_clock, (self._planned - trainer.global_step) * pace))
        return max(0.0, min(limits)) if limits else None

    def words(self, trainer: Trainer) -> str:
        """What to tell: 'at most 7 min left', where the run may end sooner; '' if none can tell.

        Args:
            trainer: The trainer whose fit it is.
        """
        seconds = self.seconds(trainer)
        if seconds is None or seconds < 0.5:
            return ""
        timed = any(isinstance(callback, Timer) for callback in trainer.callbacks)
        sooner = trainer.early_stopping_callback is not None or timed
        return f"{'at most' if sooner else 'about'} {rounded(seconds)} left"

    def _pace(self, step: int) -> float | None:
        """Seconds for a step, with its share of the validation."""
        (start, first), (latest, last) = self._marks[0], self._marks[-1]
        if last > first:
            return (latest - start) / (last - first)
        spent = monotonic() - start
        if step == first or spent < SETTLED:
            return None
        return spent / (step - first) * (1 + self._validation)


def rounded(seconds: float) -> str:
    """A time in words, as exact as an estimate is.

    Args:
        seconds: The time.
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
