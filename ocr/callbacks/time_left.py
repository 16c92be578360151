"""An estimate of the time left of a run."""

from collections import deque
from time import monotonic

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Timer

from ocr.callbacks.early_stopping import planned_steps

EPOCHS = 3  # recent epochs whose speed is assumed for the rest
WARM_UP = 3  # seconds of training before the first estimate


class TimeLeft:
    """An estimate of the time left of a fit, with validations, from the speed of recent epochs."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=EPOCHS + 1)  # time and step
        self._planned_steps = float("inf")
        self._validation_share = 0.0

    def mark(self, trainer: Trainer) -> None:
        """Record the time; call it when training starts and at the start of each epoch."""
        self._marks.append((monotonic(), trainer.global_step))
        self._planned_steps = planned_steps(trainer)
        batches = sum(trainer.num_val_batches)
        self._validation_share = batches / max(1, trainer.num_training_batches)

    def seconds(self, trainer: Trainer) -> float | None:
        """Estimate the seconds left until the planned end of the run.

        Args:
            trainer: The trainer of the fit.

        Returns:
            Seconds, or None if there is no estimate yet.
        """
        limits = [
            left
            for timer in trainer.callbacks
            if isinstance(timer, Timer) and (left := timer.time_remaining()) is not None
        ]
        pace = self._seconds_per_step(trainer.global_step)
        if pace is not None and self._planned_steps != float("inf"):
            since, step = self._marks[-1]
            # The clock counts a validation in progress; the steps count if they became slower.
            by_clock = (self._planned_steps - step) * pace - (monotonic() - since)
            by_steps = (self._planned_steps - trainer.global_step) * pace
            limits.append(max(by_clock, by_steps))
        return max(0.0, min(limits)) if limits else None

    def format(self, trainer: Trainer) -> str:
        """Format the estimate: 'about 7 min left', or 'at most ...' if the run may end earlier.

        Args:
            trainer: The trainer of the fit.

        Returns:
            The text; empty if there is no estimate.
        """
        seconds = self.seconds(trainer)
        if seconds is None or seconds < 0.5:
            return ""
        timed = any(isinstance(callback, Timer) for callback in trainer.callbacks)
        may_end_earlier = trainer.early_stopping_callback is not None or timed
        return (
            f"{'at most' if may_end_earlier else 'about'} {format_rounded_duration(seconds)} left"
        )

    def _seconds_per_step(self, step: int) -> float | None:
        """Return the seconds of a step, with its share of the validation."""
        (start, first), (latest, last) = self._marks[0], self._marks[-1]
        if last > first:
            return (latest - start) / (last - first)
        elapsed = monotonic() - start
        if step == first or elapsed < WARM_UP:
            return None
        return elapsed / (step - first) * (1 + self._validation_share)


def format_rounded_duration(seconds: float) -> str:
    """Format a duration rounded to minutes, such as '59 s', '7 min' or '1 h 05 min'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
