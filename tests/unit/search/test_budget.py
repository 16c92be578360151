"""How the time of a search is divided."""

import time
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from optuna.trial import create_trial
from toy import launcher, searching

from ocr.errors import UserError
from ocr.search.budget import MARGIN, TEST_SECONDS, Budget
from ocr.search.selection import _within_budget, select_winner
from ocr.search.trial_end import trials_end_key


def test_without_a_limit_all_finals_are_trained():
    budget = Budget(None, 1)
    assert budget.trials_end([10.0], 8) is None and budget.left() is None
    assert budget.plan_finals([10.0, 10.0, 10.0], 10.0, 2) == (3, 2)


def test_trials_leave_the_time_that_the_finals_take():
    budget = Budget(10, 2)
    end = budget.trials_end([20.0, 40.0], 8)
    assert budget.end - end == pytest.approx(MARGIN * 4 * 30 + TEST_SECONDS)


def test_the_finals_take_no_more_than_their_share():
    budget = Budget(10, 1)
    assert budget.end - budget.trials_end([60.0], 8) == pytest.approx(240 + TEST_SECONDS)


@pytest.mark.parametrize("seconds", [[], [150.0]])
def test_no_time_is_kept_for_finals_that_cannot_fit(seconds):
    budget = Budget(10, 1)
    assert budget.end - budget.trials_end(seconds, 8) == pytest.approx(TEST_SECONDS)


def test_without_finals_only_the_test_follows():
    budget = Budget(10, 1)
    assert budget.end - budget.trials_end([300.0], 0) == pytest.approx(TEST_SECONDS)


@pytest.mark.parametrize(
    "minutes,seconds,plan",
    [
        (10, [30.0, 30.0, 30.0, 30.0], (3, 2)),
        (3, [30.0, 30.0, 30.0, 30.0], (3, 1)),
        (2, [30.0, 30.0, 30.0, 30.0], (2, 1)),
        (2, [30.0, 60.0, 60.0, 30.0], (1, 1)),
        (1, [60.0, 60.0, 60.0, 60.0], (0, 0)),
    ],
)
def test_finals_are_left_out_where_time_is_short(minutes, seconds, plan):
    *others, default = seconds
    assert Budget(minutes, 1).plan_finals(others, default, 2) == plan


def test_without_a_default_the_best_two_are_compared():
    assert Budget(1.5, 1).plan_finals([30.0, 30.0, 30.0], None, 1) == (2, 1)
    assert Budget(1, 1).plan_finals([30.0, 30.0, 30.0], None, 1) == (0, 0)


def test_runs_at_once_take_as_long_as_their_waves():
    budget = Budget(2.1, 2)  # three runs of a minute take two
    assert budget.plan_finals([60.0, 60.0], 60.0, 1) == (1, 1)


def test_the_time_that_is_left_is_lightnings_max_time():
    assert Budget(None, 1).max_time() is None
    assert Budget(1600, 1).max_time() == "01:02:39:49"


def test_an_end_that_has_passed_leaves_a_second():
    budget = Budget(10, 1)
    budget.end = time.time() - 5
    assert budget.left() == 1 and budget.plan_finals([2.0], 2.0, 2) == (0, 0)


@pytest.mark.usefixtures("no_charts")
def test_running_trials_are_told_when_to_stop(tmp_path):
    with searching(tmp_path, "hydra.sweeper.minutes=1", "hydra.sweeper.n_trials=2") as search:
        search.run()
        told = search.study.user_attrs[trials_end_key(search.coordinator.owner)]
    assert time.time() < told < search.budget.end


@pytest.mark.usefixtures("no_charts")
def test_a_final_run_ends_with_the_time_of_the_search(tmp_path):
    well, finals = launcher(tmp_path), []

    def launch(jobs, number):
        finals.extend(word for word in jobs[0] if word.startswith("trainer.max_time="))
        return well(jobs, number)

    words = ("hydra.sweeper.minutes=2", "hydra.sweeper.n_trials=2", "hydra.sweeper.top_seeds=1")
    with searching(tmp_path, *words, launch=launch) as search:
        assert search.run()
        select_winner(search, lambda group: [])
    times = [word.partition("=")[2].split(":") for word in finals]
    assert len(times) == 2
    for days, hours, minutes, seconds in times:
        assert (days, hours) == ("00", "00") and 60 < 60 * int(minutes) + int(seconds) <= 120


@pytest.mark.usefixtures("no_charts")
def test_too_little_time_for_a_trial_is_an_error(tmp_path):
    with searching(tmp_path, "hydra.sweeper.minutes=0.0001") as search:
        time.sleep(0.01)
        search.run()
        with pytest.raises(UserError, match=r"hydra.sweeper.minutes=0.0001 is too short"):
            select_winner(search, lambda group: [])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_default_stays_among_the_finalists(place):
    """There is time for two runs of three."""
    trials = [create_trial(value=0.1 * i) for i in range(3)]
    for number, trial in enumerate(trials):
        trial.number = number
        trial.datetime_start = datetime(2026, 1, 1)
        trial.datetime_complete = trial.datetime_start + timedelta(seconds=30)
    trials[place].user_attrs = {"start": 0}
    settings = SimpleNamespace(start_with_default=True)
    search = SimpleNamespace(budget=Budget(1.5, 1), settings=settings)
    kept, seeds = _within_budget(search, trials, range(1, 2))
    assert {trial.number for trial in kept} == {place, 0 if place else 1} and [*seeds] == [1]
