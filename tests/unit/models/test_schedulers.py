"""The learning rate over a run."""

import pytest
import torch

from ocr.errors import UserError
from ocr.models.schedulers import onecycle


def factors(steps: int, **settings) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = onecycle(optimizer, steps, div_factor=25, **settings)["scheduler"]
    seen = []
    for _ in range(steps + 3):  # a run may be longer than planned
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_one_cycle_rises_stays_and_falls():
    lr = factors(100, pct_start=0.1, pct_stay=0.5)
    assert lr[0] == pytest.approx(1 / 25)
    assert lr[:11] == sorted(lr[:11])
    assert lr[10:61] == [1.0] * 51
    assert lr[60:101] == sorted(lr[60:101], reverse=True) and lr[61] < 1
    assert lr[80] == pytest.approx(0.5) and lr[100:] == [0.0] * 3


@pytest.mark.parametrize(
    "start,stay,key", [(0.5, 0.5, "stay"), (0.1, -0.1, "stay"), (1, 0, "start")]
)
def test_shares_that_leave_no_time_to_fall_are_refused(start, stay, key):
    with pytest.raises(UserError, match=f"scheduler.pct_{key}="):
        factors(10, pct_start=start, pct_stay=stay)
