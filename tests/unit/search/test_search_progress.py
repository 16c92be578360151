"""The lines that a running search prints."""

from datetime import datetime, timedelta

import pytest
from optuna.trial import TrialState, create_trial

from ocr.search.budget import Budget
from ocr.search.progress import Progress

COMPLETE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED


def ended(number: int, state: TrialState, seconds: float):
    trial = create_trial(state=state, values=[0.5] if state == COMPLETE else None)
    trial.number = number
    trial.user_attrs = {"metrics": {}}
    trial.datetime_start = datetime(2026, 1, 1)
    trial.datetime_complete = trial.datetime_start + timedelta(seconds=seconds)
    return trial


def shown(trials, *, n_jobs=1, minutes=None, finals=8, capsys) -> str:
    progress = Progress(
        lambda: trials, 10, n_jobs, ["val/cer"], lambda some: [], Budget(minutes, n_jobs), finals
    )
    progress.show(0, trials, 1)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "trials,others,words",
    [
        # Nine of ten trials are left. They take as long as earlier ones, finals as complete ones.
        ([(COMPLETE, 20)], {}, "about 3 min 00 s left, and 2 min 40 s for the finals"),
        ([(COMPLETE, 20)], {"n_jobs": 2}, "about 1 min 30 s left, and 1 min 20 s for the finals"),
        ([(COMPLETE, 30), (PRUNED, 10)], {}, "about 2 min 40 s left, and 4 min 00 s for the"),
        ([(COMPLETE, 20)], {"finals": 0}, "about 3 min 00 s left\n"),
        ([(PRUNED, 20)], {}, "about 3 min 00 s left\n"),
        ([(COMPLETE, 20)], {"minutes": 4}, "about 2 min 14 s left, and 1 min 36 s for the finals"),
    ],
)
def test_remaining_time_is_estimated_from_the_trials(trials, others, words, capsys):
    trials = [ended(i, *trial) for i, trial in enumerate(trials)]
    assert words in shown(trials, capsys=capsys, **others)


def test_finished_search_has_no_remaining_time(capsys):
    line = shown([ended(i, COMPLETE, 20) for i in range(10)], capsys=capsys)
    assert line.startswith("trial   0 complete") and "left" not in line
