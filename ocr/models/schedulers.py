"""Learning-rate schedules: one function for each file in conf/scheduler.

Each takes the optimizer and the number of optimizer steps of the whole run, and returns what
`LightningModule.configure_optimizers` calls an lr_scheduler.
"""

from math import cos, isinf, pi
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, LambdaLR, ReduceLROnPlateau

from ocr.errors import UserError

Schedule = dict[str, Any]


def constant(optimizer: Optimizer, total_steps: float) -> Schedule:
    """Keep the learning rate constant."""
    return {"scheduler": ConstantLR(optimizer, factor=1), "interval": "epoch"}


def onecycle(
    optimizer: Optimizer,
    total_steps: float,
    *,
    pct_start: float,
    pct_stay: float,
    div_factor: float,
) -> Schedule:
    """Raise the learning rate along a half cosine, keep it, and lower it to 0 (arXiv:1708.07120).

    Unlike torch's OneCycleLR it takes runs of any length, optimizers without momentum, and runs
    that are resumed for more epochs than were planned.

    Args:
        optimizer: Optimizer whose rate is the highest one.
        total_steps: Optimizer steps of the run.
        pct_start: Share of the steps in which the rate rises.
        pct_stay: Share of the steps in which it then stays.
        div_factor: The rate starts at the highest one divided by this.

    Raises:
        UserError: If the shares leave no steps for the fall, or `total_steps` is infinite.
    """
    if not 0 <= pct_start < 1:
        raise UserError(f"scheduler.pct_start={pct_start}: give a share of the steps, from 0 to 1")
    if not 0 <= pct_stay < 1 - pct_start:
        raise UserError(
            f"scheduler.pct_stay={pct_stay}: give a share of the steps, from 0 to 1 - pct_start"
        )
    cycle = OneCycle(_require_finite(total_steps), pct_start, pct_stay, div_factor)
    return {"scheduler": OneCycleLR(optimizer, cycle), "interval": "step"}


class OneCycle:
    """Factor of the learning rate at each step of `onecycle`.

    Attributes:
        rise_end: Step at which the highest rate is reached.
        fall_start: Step at which the rate begins to fall.
        end: Step at which it is 0.
    """

    def __init__(
        self, total_steps: float, pct_start: float, pct_stay: float, div_factor: float
    ) -> None:
        self.rise_end = pct_start * total_steps
        self.fall_start = self.rise_end + pct_stay * total_steps
        self.end = total_steps
        self._div_factor = div_factor
        self._peak = 1.0

    def factor(self, step: int) -> float:
        """Return the factor at `step`, 0 to 1."""
        if step < min(self.rise_end, self.fall_start):
            return 1 - (1 - 1 / self._div_factor) * _half_cosine(step / self.rise_end)
        progress = max(0.0, step - self.fall_start) / (self.end - self.fall_start)
        return self._peak * _half_cosine(min(1.0, progress))

    def anneal_from(self, step: int, share: float = 1.0) -> None:
        """Begin the fall at `step`, earlier than planned.

        Args:
            step: Optimizer step.
            share: Factor on the length of the fall that a run planned to be that short would have.
        """
        self._peak = self.factor(step)
        self.end = step * (1 + share * (self.end / self.fall_start - 1))
        self.fall_start = step


class OneCycleLR(LambdaLR):
    """Scheduler of a `OneCycle`.

    A checkpoint doesn't contain the cycle: a resumed run may have another length.
    """

    def __init__(self, optimizer: Optimizer, cycle: OneCycle) -> None:
        self.cycle = cycle
        super().__init__(optimizer, cycle.factor)

    def state_dict(self) -> dict[str, Any]:
        """Return the state without the cycle."""
        state = super().state_dict()
        del state["cycle"]
        return state


def cosine(optimizer: Optimizer, total_steps: float, *, final_factor: float) -> Schedule:
    """Lower the learning rate along a half cosine to `final_factor` times it (arXiv:1608.03983)."""
    steps = _require_finite(total_steps)

    def factor(step: int) -> float:
        return final_factor + (1 - final_factor) * _half_cosine(min(1.0, step / steps))

    return {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}


def plateau(
    optimizer: Optimizer, total_steps: float, *, monitor: str, factor: float, patience: int
) -> Schedule:
    """Multiply the learning rate by `factor` if `monitor` hasn't fallen for `patience` epochs."""
    scheduler = ReduceLROnPlateau(optimizer, factor=factor, patience=patience)
    return {"scheduler": scheduler, "interval": "epoch", "monitor": monitor}


def _require_finite(total_steps: float) -> float:
    if isinf(total_steps):
        raise UserError(
            "this scheduler needs to know when the run ends: give trainer.max_epochs, or "
            "scheduler=none"
        )
    return max(1, total_steps)


def _half_cosine(progress: float) -> float:
    """Fall from 1 to 0 as `progress` goes from 0 to 1."""
    return (1 + cos(pi * progress)) / 2
