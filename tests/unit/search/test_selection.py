"""The selection of the winner, after all trials."""

import os
from itertools import chain, repeat
from threading import Event

import pytest
import toy
from toy import launcher, searching

from ocr.search.selection import select_winner

TRIALS = ("hydra.sweeper.n_trials=2", "hydra.sweeper.top_seeds=1")


pytestmark = pytest.mark.usefixtures("no_charts")


def no_options(group):
    return []


@pytest.mark.parametrize("cer", [1.0, 0.5])
def test_winner_that_reads_nothing_is_reported(tmp_path, capsys, monkeypatch, cer):
    scores = {"val/cer": cer, "val/exact_match": 0.0, "val/loss": 1.0, "cpu_ms": 1.0}
    monkeypatch.setattr(toy, "score", lambda settings: scores)
    with searching(tmp_path, *TRIALS) as search:
        assert search.run()
        select_winner(search, no_options)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("nothing was learnt") == (cer == 1.0)


def test_command_of_a_trial_has_no_overrides_of_the_search(tmp_path):
    fixed = ("optimizer=adamw", "++test=false", "callbacks.trial.deadline=3", "pruner=none")
    with searching(tmp_path, *TRIALS, *fixed) as search:
        command = search.space.command(search.space.params())
    assert "optimizer=adamw" in command
    assert not [word for word in command if "test" in word or "trial" in word or "pruner" in word]


def test_default_is_always_a_finalist(tmp_path, monkeypatch):
    scores = chain([0.5], repeat(0.1))  # the default comes first

    def score(settings):
        cer = next(scores)
        return {"val/cer": cer, "val/exact_match": 1 - cer, "val/loss": 1.0, "cpu_ms": 1.0}

    monkeypatch.setattr(toy, "score", score)
    few = ("hydra.sweeper.n_trials=3", "hydra.sweeper.top_seeds=1", "hydra.sweeper.top_k=1")
    with searching(tmp_path, *few) as search:
        assert search.run()
        select_winner(search, no_options)
    compared = {path.name.partition("_")[0] for path in (tmp_path / "finals").glob("*_seed_*")}
    assert "0" in compared and len(compared) == 2


def test_interrupted_finals_can_be_continued(tmp_path, capsys):
    """The next command does not use the files of the interrupted run."""

    def launch(jobs, number):
        if "seed=1" in jobs[0]:
            folder = tmp_path / jobs[0][-1].partition("=")[2]
            folder.mkdir(parents=True)
            (folder / "last.ckpt").write_text("half of its epochs")
            raise KeyboardInterrupt
        return succeed(jobs, number)

    succeed = launcher(tmp_path)
    with searching(tmp_path, *TRIALS, launch=launch) as search:
        assert search.run()
        with pytest.raises(KeyboardInterrupt):
            select_winner(search, no_options)
    assert f"run the same command with hydra.sweep.dir={tmp_path}" in capsys.readouterr().out
    assert [*tmp_path.glob("finals/*/last.ckpt")]
    with searching(tmp_path, *TRIALS) as search:
        assert search.run()
        select_winner(search, no_options)
    assert (tmp_path / "best.ckpt").read_text() == "weights"
    assert not [*tmp_path.glob("finals/*/last.ckpt")]


def test_interruption_does_not_wait_for_running_finals(tmp_path, capsys, monkeypatch):
    """Of two at once, one is interrupted and the other would take long."""
    ended, long = [], Event()

    def launch(jobs, number):
        if "seed=1" in jobs[0]:
            if number:
                long.wait(60)
            raise KeyboardInterrupt
        return succeed(jobs, number)

    def leave(code):
        ended.append((code, long.is_set()))
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    succeed = launcher(tmp_path)
    overrides = ("hydra/launcher=joblib", "hydra.sweeper.n_jobs=2")
    with searching(tmp_path, *TRIALS, *overrides, launch=launch) as search:
        assert search.run()
        with pytest.raises(SystemExit):
            select_winner(search, no_options)
    long.set()
    assert ended == [(130, False)]
    assert "interrupted; to continue" in capsys.readouterr().out


def test_the_winner_is_compared_with_the_default_on_the_test_images(tmp_path, capsys, monkeypatch):
    """The winner reads both images, the default one."""
    scores = {"val/exact_match": 0.9, "val/loss": 1.0, "cpu_ms": 1.0}
    cers = chain([0.5], repeat(0.1))  # the default comes first
    monkeypatch.setattr(toy, "score", lambda settings: scores | {"val/cer": next(cers)})
    well, tested = launcher(tmp_path), []

    def launch(jobs, number):
        result = well(jobs, number)
        if "fit=false" in jobs[0]:
            tested.append(number)
            folder = tmp_path / jobs[0][-1].partition("=")[2]
            reading = "a" if number else "b"
            lines = ["file,label,reading,confidence", "1.png,a,a,1", f"2.png,a,{reading},1"]
            (folder / "predictions.csv").write_text("\n".join(lines))
        return result

    with searching(tmp_path, *TRIALS, "hydra.sweeper.top_k=0", launch=launch) as search:
        assert search.run()
        select_winner(search, no_options)
    assert tested[0] > 0 and tested[1:] == [0]
    assert "over the default, 100.0% of 2 test images instead of 50.0%" in capsys.readouterr().out


def test_winner_of_a_pareto_front_is_the_best_by_the_first_objective(tmp_path, capsys, monkeypatch):
    matches = chain([0.9], repeat(0.95))

    def score(settings):
        match = next(matches)
        return {"val/cer": 0.1, "val/exact_match": match, "val/loss": 1.0, "cpu_ms": match}

    monkeypatch.setattr(toy, "score", score)
    objectives = "hydra.sweeper.objectives=[val/exact_match,cpu_ms]"
    directions = "hydra.sweeper.direction=[maximize,minimize]"
    with searching(tmp_path, *TRIALS, objectives, directions, "pruner=none") as search:
        assert search.run()
        select_winner(search, no_options)
    assert "winner      trial 1 of 2 complete trials" in capsys.readouterr().out
