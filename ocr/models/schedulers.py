"""How the learning rate changes: one function for each file in conf/scheduler.

Each takes the optimizer and the number of steps of the whole run, and gives what Lightning's
`configure_optimizers` calls an lr_scheduler.
"""

from math import cos, isinf, pi
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, LambdaLR, ReduceLROnPlateau

from ocr.errors import UserError

Schedule = dict[str, Any]


def constant(optimizer: Optimizer, total_steps: int) -> Schedule:
    """The same lr from beginning to end."""
    return {"scheduler": ConstantLR(optimizer, factor=1), "interval": "epoch"}


def onecycle(
    optimizer: Optimizer, total_steps: int, *, pct_start: float, pct_stay: float, div_factor: float
) -> Schedule:
    """Up to the optimizer's lr in the first `pct_start` of all steps, then down to nothing.

    For `pct_stay` of all steps it stays up in between.

    It starts at lr / div_factor; both ways are half cosines (Smith & Topin 2017,
    arXiv:1708.07120). Unlike torch's OneCycleLR it takes runs of any length, optimizers without
    momentum, and a run that goes on for more epochs than were planned.
    """
    if not 0 <= pct_start < 1:
        raise UserError(f"scheduler.pct_start={pct_start} is a share of the steps: 0 to below 1")
    if not 0 <= pct_stay < 1 - pct_start:
        raise UserError(
            f"scheduler.pct_stay={pct_stay} is a share of the steps: 0 to below 1 - pct_start"
        )
    cycle = OneCycle(_planned(total_steps), pct_start, pct_stay, div_factor)
    return {"scheduler": LambdaLR(optimizer, cycle.factor), "interval": "step"}


class OneCycle:
    """Which share of lr there is at each step, for `onecycle`.

    rise, fall, end: the steps at which it is up, begins to fall, and is down.
    """

    def __init__(
        self, total_steps: float, pct_start: float, pct_stay: float, div_factor: float
    ) -> None:
        self.rise = pct_start * total_steps
        self.fall = self.rise + pct_stay * total_steps
        self.end = total_steps
        self.div_factor = div_factor
        self._peak = 1.0

    def factor(self, step: int) -> float:
        """From 0 to 1."""
        if step < min(self.rise, self.fall):
            return 1 - (1 - 1 / self.div_factor) * _half_cosine(step / self.rise)
        done = max(0.0, step - self.fall) / (self.end - self.fall)
        return self._peak * _half_cosine(min(1.0, done))

    def fall_from(self, step: int, share: float = 1.0) -> None:
        """Let the fall begin at `step`, earlier than planned.

        Args:
            step: Of the optimizer.
            share: 1 for a fall that takes as long in proportion as was planned; 0.5 for half that.
        """
        self._peak = self.factor(step)
        self.end = step * (1 + share * (self.end / self.fall - 1))
        self.fall = step


def cosine(optimizer: Optimizer, total_steps: int, *, final_factor: float) -> Schedule:
    """From lr down to lr * final_factor (Loshchilov & Hutter 2016, arXiv:1608.03983)."""

    total_steps = _planned(total_steps)

    def factor(step: int) -> float:
        fall = _half_cosine(min(1.0, step / total_steps))
        return final_factor + (1 - final_factor) * fall

    return {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}


def _planned(total_steps: float) -> float:
    if isinf(total_steps):
        raise UserError(
            "this scheduler has to know when the run ends: set trainer.max_epochs, or choose "
            "scheduler=none"
        )
    return max(1, total_steps)


def _half_cosine(progress: float) -> float:
    """From 1 down to 0 as progress goes from 0 to 1."""
    return (1 + cos(pi * progress)) / 2


def plateau(
    optimizer: Optimizer, total_steps: int, *, monitor: str, factor: float, patience: int
) -> Schedule:
    """Times `factor` whenever `monitor` hasn't fallen for `patience` epochs."""
    scheduler = ReduceLROnPlateau(optimizer, factor=factor, patience=patience)
    return {"scheduler": scheduler, "interval": "epoch", "monitor": monitor}
