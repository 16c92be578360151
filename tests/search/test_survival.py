"""Killed processes, processes side by side: nothing lost, the total exact."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from server import database, postgresql

from ocr.search.ledger import counts, interrupted
from ocr.search.storage import open_storage

TOY = Path(__file__).parent / "toy.py"


def start(folder, *overrides, seconds=0.02):
    return subprocess.Popen(
        [sys.executable, str(TOY), str(folder), str(seconds), *overrides],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )


def trials(storage):
    study = optuna.load_study(study_name="search", storage=open_storage(storage))
    return study.get_trials(deepcopy=False)


def finished(found):
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return {t.number: t.params for t in found if t.state in states}


@pytest.mark.parametrize("kind", ["study.db", "study.log"])
def test_sigkill_at_random_moments(tmp_path, kind):
    path = tmp_path / kind
    storage = str(path) if kind.endswith("log") else f"sqlite:///{path}"
    overrides = ("hydra.sweeper.n_trials=30", f"hydra.sweeper.storage={storage}")
    overrides = (*overrides, "hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=3")
    chance = random.Random(0)
    known: dict = {}
    for _ in range(10):
        process = start(tmp_path, *overrides)
        process.stdout.readline()  # its first words: the study is open
        time.sleep(chance.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = finished(trials(storage))
        assert known.items() <= now.items(), "a finished trial was lost"
        known = now
    process = start(tmp_path, *overrides)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    found = trials(storage)
    assert sum(map(counts, found)) == 30 == len(finished(found))
    assert not any(t.state == TrialState.RUNNING for t in found)
    proposals = [tuple(sorted(map(str, t.params.items()))) for t in found if counts(t)]
    assert len(set(proposals)) == 30, "a proposal was repeated"
    for trial in filter(interrupted, found):
        if trial.params:
            [again] = [t for t in found if t.user_attrs.get("retry_of") == trial.number]
            # it may have been killed while it was being proposed, and so may the next one
            assert trial.params.items() <= again.params.items() or interrupted(again)
    again = start(tmp_path, *overrides)
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0 and "30 finished trials" in output


@pytest.fixture(scope="module")
def server():
    with postgresql() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request, tmp_path):
    """The storage of a study that several processes share."""
    if request.param == "postgresql":
        return database(request.getfixturevalue("server"))
    return f"sqlite:///{tmp_path}/shared.db"


def test_processes_side_by_side(tmp_path, shared):
    overrides = ("hydra.sweeper.n_trials=24", f"hydra.sweeper.storage='{shared}'")
    processes = [start(tmp_path / str(i), *overrides, seconds=0.3) for i in range(3)]
    for process in processes:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    found = [t for t in trials(shared) if "withdrawn" not in t.user_attrs]
    assert [t.state for t in found] == [TrialState.COMPLETE] * 24
    assert len({str(t.params) for t in found}) == 24
    assert sum(t.user_attrs.get("start") == 0 for t in found) == 1
    assert len({t.user_attrs["owner"]["lock"] for t in found}) > 1, "one process did it all"


def until(found, timeout=300):
    """What `found` returns, once there is any."""
    end = time.monotonic() + timeout
    while not (what := found()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.1)
    return what


def test_a_killed_process_among_others(tmp_path, shared):
    overrides = ("hydra.sweeper.n_trials=8", f"hydra.sweeper.storage='{shared}'")
    victim = start(tmp_path / "victim", *overrides, seconds=1000)
    try:
        victim.stdout.readline()  # its first words: the study is open
        # the last value to be proposed
        [lost] = until(lambda: [t for t in trials(shared) if "data.batch_size" in t.params])
        others = [start(tmp_path / str(i), *overrides, seconds=0.3) for i in range(2)]
        until(lambda: finished(trials(shared)))
    finally:
        victim.kill()
    for process in others:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    found = trials(shared)
    counted = [t for t in found if counts(t)]
    assert [t.state for t in counted] == [TrialState.COMPLETE] * 8
    assert len({str(t.params) for t in counted}) == 8, "a proposal was repeated"
    assert [t.number for t in found if interrupted(t)] == [lost.number]
    [again] = [t for t in counted if t.user_attrs.get("retry_of") == lost.number]
    assert again.params == lost.params
