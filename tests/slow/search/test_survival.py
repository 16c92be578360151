"""Killed processes, processes side by side: nothing lost, the total exact."""

import multiprocessing
import random
import time

import optuna
import pytest
import toy
from optuna.trial import TrialState
from server import database, postgresql

from ocr.search.storage import open_storage
from ocr.search.trial_end import counts, is_interrupted, is_superseded

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["ready"])


_started = []


@pytest.fixture(autouse=True)
def killed():
    """What a test has started ends with it, whatever happens."""
    yield
    while _started:
        process = _started.pop()
        process.kill()
        process.join()


def start(folder, *overrides, seconds=0.02):
    """A searching process that writes what it says to `folder`/output."""
    (folder / "output").unlink(missing_ok=True)
    process = SERVER.Process(target=toy.main, args=(folder, seconds, *overrides))
    process.start()
    _started.append(process)
    return process


def end(process, folder):
    """Wait for it to come to its end; returns what it said."""
    process.join(timeout=300)
    output = (folder / "output").read_text()
    assert process.exitcode == 0, output
    return output


def opened(folder):
    """Wait for its first words: the study is open."""
    until(lambda: (folder / "output").exists() and (folder / "output").read_text(), every=0.01)


def until(found, timeout=300, every=0.1):
    """What `found` returns, once there is any."""
    end = time.monotonic() + timeout
    while not (what := found()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(every)
    return what


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
    overrides = ("hydra.sweeper.n_trials=20", f"hydra.sweeper.storage={storage}")
    overrides = (*overrides, "hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=3")
    chance = random.Random(0)
    known: dict = {}
    for _ in range(6):
        process = start(tmp_path, *overrides)
        opened(tmp_path)
        time.sleep(chance.uniform(0.0, 0.4))
        process.kill()
        process.join()
        now = finished(trials(storage))
        assert known.items() <= now.items(), "a finished trial was lost"
        known = now
    end(start(tmp_path, *overrides), tmp_path)
    found = trials(storage)
    assert sum(map(counts, found)) == 20 == len(finished(found))
    assert not any(t.state == TrialState.RUNNING for t in found)
    proposals = [tuple(sorted(map(str, t.params.items()))) for t in found if counts(t)]
    assert len(set(proposals)) == 20, "a proposal was repeated"
    for trial in filter(is_interrupted, found):
        if trial.params:
            [again] = [t for t in found if t.user_attrs.get("retry_of") == trial.number]
            # it may have been killed while it was being proposed, and so may the next one
            assert trial.params.items() <= again.params.items() or is_interrupted(again)
    assert "20 finished trials" in end(start(tmp_path, *overrides), tmp_path)


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
    folders = [tmp_path / str(i) for i in range(3)]
    processes = [start(folder, *overrides, seconds=0.3) for folder in folders]
    for process, folder in zip(processes, folders, strict=True):
        end(process, folder)
    found = [t for t in trials(shared) if not is_superseded(t)]
    assert [t.state for t in found] == [TrialState.COMPLETE] * 24
    assert len({str(t.params) for t in found}) == 24
    assert sum(t.user_attrs.get("start") == 0 for t in found) == 1
    assert len({t.user_attrs["owner"]["lock"] for t in found}) > 1, "one process did it all"


def test_a_killed_process_among_others(tmp_path, shared):
    overrides = ("hydra.sweeper.n_trials=8", f"hydra.sweeper.storage='{shared}'")
    victim = start(tmp_path / "victim", *overrides, seconds=1000)
    try:
        opened(tmp_path / "victim")
        # the last value to be proposed
        [lost] = until(lambda: [t for t in trials(shared) if "data.batch_size" in t.params])
        folders = [tmp_path / str(i) for i in range(2)]
        others = [start(folder, *overrides, seconds=0.3) for folder in folders]
        until(lambda: finished(trials(shared)))
    finally:
        victim.kill()
    for process, folder in zip(others, folders, strict=True):
        end(process, folder)
    found = trials(shared)
    counted = [t for t in found if counts(t)]
    assert [t.state for t in counted] == [TrialState.COMPLETE] * 8
    assert len({str(t.params) for t in counted}) == 8, "a proposal was repeated"
    assert [t.number for t in found if is_interrupted(t)] == [lost.number]
    [again] = [t for t in counted if t.user_attrs.get("retry_of") == lost.number]
    assert again.params == lost.params
