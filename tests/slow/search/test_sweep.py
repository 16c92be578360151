"""Searches as a person starts them, with real training in processes of their own."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from html import unescape

import optuna
import pytest
import yaml
from conftest import SMALL, config, start, train
from omegaconf import OmegaConf
from optuna.trial import TrialState

from ocr import Reader

FAST = (*SMALL, "encoder.num_layers=2", "data.min_images=1")
ONE = "hydra.sweeper.n_jobs=1"  # trial at once, so that tests know the order
SEARCH = (*FAST, "-m", "hparams_search=optuna", "hydra.sweeper.max_failure_rate=1", ONE)


def rows(sweep):
    with (sweep / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def searched(cwd, folder, *overrides, charts=False):
    sweep = cwd / "sweep"
    words = ("data=folder", f"data.dir={folder}", f"hydra.sweep.dir={sweep}")
    code, output = train(*SEARCH, *words, *overrides, cwd=cwd, charts=charts)
    assert code == 0, output
    return sweep, output


def test_a_search_ends_with_a_tested_reader(tmp_path, folder):
    sweep, output = searched(
        tmp_path, folder, "hydra.sweeper.n_trials=2", "hydra.sweeper.top_k=1",
        "hydra.sweeper.top_seeds=1", "head=linear", charts=True,
    )  # fmt: skip
    assert output.count("captions are the file names") == 1
    counted = [line for line in output.splitlines() if line.startswith("images: ")]
    assert len(counted) == 1 and re.search(r"\d+ train, \d+ val, \d+ test;", counted[0]), counted
    table = rows(sweep)
    assert [row["state"] for row in table] == ["complete", "complete"], table
    for row in table:
        assert float(row["cpu_ms"]) > 0 and int(row["parameters"]) > 0 and int(row["epochs"]) == 2
        run = json.loads((sweep / row["number"] / "metrics.json").read_text())
        assert not any(name.startswith("test/") for name in run), "a trial has read the test part"
        assert (sweep / row["number"] / "best.ckpt").exists()
        log = (sweep / row["number"] / "output.log").read_text()
        assert "exact match" in log and "Epoch" not in log and "FLOPs" not in log
    assert json.loads((sweep / "metrics.json").read_text())["test/cer"] >= 0
    page = (sweep / "report" / "index.html").read_text()
    [(best, command)] = re.findall(r"<p>Trial (\d+):.*?<code>[^<]* train (.*?)</code>", page)
    assert re.search(r"The winner.*\d images? that no trial has seen: exact match", page)
    told = config(*shlex.split(unescape(command)))
    then = yaml.safe_load((sweep / best / ".hydra" / "config.yaml").read_text())
    for shown in ("enable_model_summary", "enable_progress_bar"):
        assert then["trainer"].pop(shown) is False  # to nobody; a run by itself has both
    for part in ("encoder", "recurrent", "head", "optimizer", "data", "trainer"):
        assert OmegaConf.to_container(told[part]) == then[part]
    assert (sweep / "study.db").exists()
    code, printed = read(sweep / "best.ckpt", folder, cwd=tmp_path)
    assert code == 0 and len(printed.splitlines()) == 27

    command = next(line for line in output.splitlines() if line.startswith("train again"))
    words = command.split(" -m ocr train ")[1].split()
    run = tmp_path / "again"
    code, output = train(*words, f"hydra.run.dir={run}", cwd=tmp_path)
    assert code == 0, output
    again = yaml.safe_load((run / ".hydra" / "config.yaml").read_text())
    number = next(w for w in (sweep / "best.yaml").read_text().split("Trial ")[1].split())
    assert again["trainer"] == OmegaConf.to_container(told.trainer)
    then = yaml.safe_load((sweep / number / ".hydra" / "config.yaml").read_text())
    for part in ("encoder", "recurrent", "head", "optimizer", "data"):
        assert again[part] == then[part]

    code, output = train(
        *SEARCH, "data=folder", f"data.dir={folder}", f"hydra.sweep.dir={sweep}",
        "hydra.sweeper.n_trials=2", "head=linear", cwd=tmp_path,
    )  # fmt: skip
    assert code == 0 and "2 finished trials" in output


def test_a_folder_may_be_searched_itself(tmp_path, folder):
    """Then no images are those of all trials. Hydra names the sweep's folder by its start."""
    code, output = train(
        *SEARCH, "data=folder", f"data.dir=choice({folder},{folder}/)", "hydra.sweeper.n_trials=2",
        "hydra.sweeper.start_with_default=false", "hydra.sweeper.top_k=2",
        "hydra.sweeper.top_seeds=1", cwd=tmp_path,
    )  # fmt: skip
    assert code == 0, output
    [sweep] = (tmp_path / "runs" / "folder").iterdir()
    assert [row["state"] for row in rows(sweep)] == ["complete", "complete"]
    assert (sweep / "best.ckpt").exists()


def read(checkpoint, folder, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "ocr", "read", str(checkpoint), str(folder)],
        capture_output=True, text=True, cwd=cwd,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_a_search_for_the_best_fine_tuning(tmp_path, folder, checkpoint):
    sweep = tmp_path / "sweep"
    code, output = train(
        "-m", "hparams_search=optuna", "data=folder", f"data.dir={folder}", "init_from=old.ckpt",
        "data.min_images=1", "trainer.max_epochs=1", "trainer.precision=32-true",
        "hydra.sweeper.n_trials=1", f"hydra.sweep.dir={sweep}", cwd=tmp_path, charts=False,
    )  # fmt: skip
    assert code == 0, output
    assert Reader.load(sweep / "best.ckpt").charset.symbols == "12x3"
    assert json.loads((sweep / "metrics.json").read_text())["test/cer"] >= 0
    again = yaml.safe_load((sweep / "best.yaml").read_text())
    assert again["init_from"] == str(checkpoint)
    assert not again.keys() & {"encoder", "recurrent", "head"}


def test_a_bad_trial_and_an_impossible_one(tmp_path, folder):
    """8 pixels of width leave too few time steps; a weight decay below 0 raises."""
    one = ("encoder=conv", "recurrent=lstm", "head=linear", "optimizer=adamw", "optimizer.lr=1e-3")
    one = (*one, "encoder.growth=1", "encoder.units_2=0", "recurrent.num_layers=1")
    sweep, _ = searched(
        tmp_path,
        folder,
        *one,
        "recurrent.hidden_size_2=null",
        "hydra/sweeper/sampler=grid",
        "hydra.sweeper.n_trials=10",
        "hydra.sweeper.top_k=0",
        "data.width=choice(60,8)",
        "optimizer.weight_decay=choice(0.01,-1)",
    )
    table = rows(sweep)
    assert len(table) == 4, "the grid has four points"
    for row in table:
        narrow, wrong = row["data.width"] == "8", row["optimizer.weight_decay"] == "-1"
        assert (row["state"] == "fail") == (narrow or wrong)
        if wrong:
            assert "weight_decay" in row["reason"]
        elif narrow:
            assert "time steps" in row["reason"]
        if wrong or narrow:
            assert not (sweep / row["number"] / "last.ckpt").exists(), "it was trained"


def test_a_pruned_trial_is_recorded_as_pruned(tmp_path, folder):
    """By a pruner to which no error is enough."""
    sweep = tmp_path / "sweep"
    code, output = train(
        *SEARCH, "data=folder", f"data.dir={folder}", f"hydra.sweep.dir={sweep}",
        "hydra.sweeper.n_trials=2", "pruner=none",
        "hydra.sweeper.pruner._target_=optuna.pruners.ThresholdPruner",
        "+hydra.sweeper.pruner.lower=1e9", cwd=tmp_path, charts=False,
    )  # fmt: skip
    assert code == 1 and "no trial was completed" in output
    for row in rows(sweep):
        assert (row["state"], row["epochs"], row["reason"]) == ("pruned", "1", "pruned in epoch 1")
    study = optuna.load_study(study_name="search", storage=f"sqlite:///{sweep / 'study.db'}")
    assert [trial.state for trial in study.trials] == [TrialState.PRUNED] * 2
    assert [[*trial.intermediate_values] for trial in study.trials] == [[1]] * 2


def test_two_objectives_and_a_winner_that_is_trained_on_validation_images(tmp_path, folder):
    sweep, output = searched(
        tmp_path, folder, "hparams_search=optuna_pareto", "hydra.sweeper.n_trials=2",
        "hydra.sweeper.retrain=true",
    )  # fmt: skip
    assert "Pareto front" in output
    metrics = json.loads((sweep / "metrics.json").read_text())
    assert metrics["images_train"] + metrics["images_test"] == 27
    assert {"value/val/cer", "value/cpu_ms"} <= rows(sweep)[0].keys()


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", "ray"])
def test_workers_side_by_side(tmp_path, folder, launcher):
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    sweep, _ = searched(
        tmp_path, folder, f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=2", "hydra.sweeper.top_k=0",
    )  # fmt: skip
    assert [row["state"] for row in rows(sweep)] == ["complete"] * 2, rows(sweep)


def test_ranks_train_the_same_proposal(tmp_path, folder):
    sweep, _ = searched(
        tmp_path, folder, "trainer.strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu",
        "hydra.sweeper.n_trials=2", "hydra.sweeper.top_k=0", "data.val_size=0.2",
        "data.test_size=0.2", "pruner=median", "objective=val/exact_match",
    )  # fmt: skip
    table = rows(sweep)
    assert all(float(row["value"]) == float(row["val/exact_match"]) for row in table)
    assert [row["state"] for row in table] == ["complete", "complete"], table
    folders = {path.name for path in sweep.iterdir() if path.name.isdigit()}
    assert folders == {"0", "1"}
    for row in table:  # the second rank was in the same trial
        assert (sweep / row["number"] / "train_ddp_process_1.log").exists()


def test_an_epoch_after_the_deadline_is_the_last(tmp_path, folder):
    sweep, _ = searched(
        tmp_path, folder, "hydra.sweeper.n_trials=3", "trainer.max_epochs=1000",
        "hydra.sweeper.minutes=0.15", "callbacks.early_stopping=null", "objective=val/loss",
    )  # fmt: skip
    table = rows(sweep)
    assert float(table[-1]["value"]) == pytest.approx(float(table[-1]["val/loss"]))
    assert len(table) < 3
    assert "hydra.sweeper.minutes" in table[-1]["reason"] and table[-1]["state"] == "complete"


def test_without_m_there_is_nothing_to_search(tmp_path):
    """That is told before the images are looked for."""
    code, output = train("hparams_search=optuna", "data=folder", "data.dir=/nope", cwd=tmp_path)
    assert code == 1 and "error: hparams_search needs -m" in output


def test_a_plain_sweep_stays_hydras(tmp_path, folder):
    code, output = train(
        *FAST, "-m", "hydra/sweeper=basic", "optimizer=adam,sgd", "data=folder",
        f"data.dir={folder}", f"hydra.sweep.dir={tmp_path / 'sweep'}", cwd=tmp_path,
    )  # fmt: skip
    assert code == 0, output
    for number, name in enumerate(("Adam", "SGD")):
        run = tmp_path / "sweep" / str(number)
        config = yaml.safe_load((run / ".hydra" / "config.yaml").read_text())
        assert config["optimizer"]["_target_"].endswith(name)
        assert (run / "best.ckpt").exists()


def test_ctrl_c_leaves_a_study_to_go_on_with(tmp_path, folder):
    sweep = tmp_path / "sweep"
    words = (*SEARCH, "data=folder", f"data.dir={folder}", f"hydra.sweep.dir={sweep}")
    words = (*words, "trainer.max_epochs=2000", "callbacks.early_stopping=null")
    process = start(*words, "hydra.sweeper.n_trials=1", cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not (sweep / "0" / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 130, output
    assert "interrupted; to continue" in output and "Traceback" not in output
    assert [row["state"] for row in rows(sweep)][:1] == ["fail"]


def test_ctrl_c_leaves_no_worker_behind(tmp_path, folder):
    sweep = tmp_path / "sweep"
    words = (*SEARCH, "data=folder", f"data.dir={folder}", f"hydra.sweep.dir={sweep}")
    words = (*words, "hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=2")
    words = (*words, "trainer.max_epochs=2000", "callbacks.early_stopping=null")
    with (tmp_path / "output").open("w") as output:
        process = start(*words, cwd=tmp_path, stdout=output)
    deadline = time.monotonic() + 120
    while len([*sweep.glob("*/last.ckpt")]) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(timeout=60) == 130, (tmp_path / "output").read_text()
    deadline = time.monotonic() + 30
    with suppress(ProcessLookupError):  # no process is left of them
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail("workers go on")


def test_other_captions_are_not_compared(tmp_path, folder):
    (folder / "broken.png").write_bytes(b"no image")
    sweep, output = searched(tmp_path, folder, "hydra.sweeper.n_trials=1", "hydra.sweeper.top_k=0")
    assert "; 1 left out, see" in output
    with (sweep / "0" / "split.csv").open(newline="") as file:
        [first, *_] = [row["file"] for row in csv.DictReader(file) if row["part"] == "val"]
    corrected = folder / "321.png" if "321" not in first else folder / "123.png"
    corrected.unlink()
    (folder / first).rename(corrected)
    searched(tmp_path, folder, "hydra.sweeper.n_trials=2", "hydra.sweeper.top_k=0")
    assert "can't be compared: the images or captions have changed" in rows(sweep)[1]["reason"]
