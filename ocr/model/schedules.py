"""How the learning rate changes: one function for each file in conf/scheduler.

Each takes the optimizer and the number of steps of the whole run, and gives what Lightning's
`configure_optimizers` calls an lr_scheduler.
"""

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau

Schedule = dict[str, Any]


def constant(optimizer: Optimizer, total_steps: int) -> Schedule:
    """The same lr from beginning to end."""
    return {"scheduler": ConstantLR(optimizer, factor=1), "interval": "epoch"}


def onecycle(
    optimizer: Optimizer, total_steps: int, *, pct_start: float, div_factor: float
) -> Schedule:
    """Up to the optimizer's lr in the first `pct_start` of all steps, then down to nothing.

    It starts at lr / div_factor (Smith & Topin 2017, arXiv:1708.07120).
    """
    scheduler = OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=pct_start,
        div_factor=div_factor,
        cycle_momentum=False,  # so that it suits optimizers that have none
    )
    return {"scheduler": scheduler, "interval": "step"}


def cosine(optimizer: Optimizer, total_steps: int, *, final_factor: float) -> Schedule:
    """From lr down to lr * final_factor along half a cosine (Loshchilov & Hutter 2016)."""
    floor = optimizer.param_groups[0]["lr"] * final_factor
    return {"scheduler": CosineAnnealingLR(optimizer, total_steps, floor), "interval": "step"}


def plateau(
    optimizer: Optimizer, total_steps: int, *, monitor: str, factor: float, patience: int
) -> Schedule:
    """Times `factor` whenever `monitor` hasn't fallen for `patience` epochs."""
    scheduler = ReduceLROnPlateau(optimizer, factor=factor, patience=patience)
    return {"scheduler": scheduler, "interval": "epoch", "monitor": monitor}
