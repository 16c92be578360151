from types import SimpleNamespace

import numpy as np
import optuna
import pytest
from optuna._gp.search_space import SearchSpace
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from ocr.search.gp_sampler import GaussianProcess

SPACE = {
    "lr": FloatDistribution(1e-4, 1e-1, log=True),
    "size": IntDistribution(1, 9),
    "encoder": CategoricalDistribution(["conv", "vgg", "resnet"]),
}


def proposal(study: optuna.Study, seed: int) -> dict:
    study.sampler = GaussianProcess(seed=seed, n_startup_trials=1)
    trial = study.ask(SPACE)
    study.tell(trial, state=TrialState.FAIL)
    return trial.params


def add(study: optuna.Study, seed: int, value: float | None, **params) -> None:
    rng = np.random.default_rng(seed)
    params = {
        "lr": 10 ** rng.uniform(-4, -1),
        "size": int(rng.integers(1, 10)),
        "encoder": str(rng.choice(["conv", "vgg", "resnet"])),
    } | params
    state = TrialState.PRUNED if value is None else TrialState.COMPLETE
    study.add_trial(create_trial(state=state, params=params, distributions=SPACE, value=value))


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_it_does_not_propose_what_was_pruned(direction):
    """Three options: one is good, one was always pruned, one was never tried."""
    study = optuna.create_study(direction=direction)
    sign = 1 if direction == "minimize" else -1
    for i in range(8):
        add(study, i, sign * (0.3 if i < 6 else 0.9), encoder="conv", size=1 if i < 6 else 9)
        add(study, i, None, encoder="vgg")
    chosen = [proposal(study, seed)["encoder"] for seed in range(8)]
    assert "vgg" not in chosen


def test_pruned_trials_count_as_startup_trials(monkeypatch):
    climbed = []
    climb = GaussianProcess._optimize_acqf
    monkeypatch.setattr(
        GaussianProcess,
        "_optimize_acqf",
        lambda *args: climbed.append(1) or climb(*args),
    )
    study = optuna.create_study(sampler=GaussianProcess(seed=0, n_startup_trials=5))
    add(study, 0, 0.1)
    for i in range(1, 9):
        add(study, i, None)
    study.ask(SPACE)
    assert not climbed  # from one value nothing can be learnt
    add(study, 9, 0.5)
    study.ask(SPACE)
    assert len(climbed) == 1


def test_it_finds_the_peak():
    space = SearchSpace(SPACE)
    peak = space.sample_normalized_params(1, np.random.RandomState(5))[0]
    seen = []

    def closeness(points):
        seen.append(len(points))
        return -((points - peak) ** 2).sum(1)

    target = SimpleNamespace(search_space=space, eval_acqf_no_grad=closeness)
    found = GaussianProcess(seed=0)._optimize_acqf(target, None)
    discrete = space.discrete_indices
    assert np.array_equal(found[discrete], peak[discrete])
    assert found == pytest.approx(peak, abs=0.003)
    assert sum(seen) < 5000


def test_what_is_known_to_be_good_is_where_it_begins():
    space = SearchSpace(SPACE)
    known = space.sample_normalized_params(1, np.random.RandomState(5))

    def needle(points):
        return (np.abs(points - known).max(1) < 1e-9).astype(float)

    target = SimpleNamespace(search_space=space, eval_acqf_no_grad=needle)
    assert np.array_equal(GaussianProcess(seed=0)._optimize_acqf(target, known), known[0])
