"""Wrong command lines are refused in one line, with a suggestion."""

import pytest
from conftest import start
from hydra._internal.utils import get_args_parser

from ocr import __version__
from ocr.cli import main
from ocr.config import command_line
from ocr.config.command_line import _OPTIONS, MAX_TRIALS, prepare_arguments
from ocr.errors import UserError


@pytest.mark.parametrize(
    "line,expected",
    [
        ("--epochs 3", "trainer.max_epochs=3"),
        ("--lr=0.1", "optimizer.lr=0.1"),
        ("--label x.csv", "data=folder data.labels=x.csv"),
        ("--data.dir PLACE", "data=folder data.dir=PLACE"),
        ("--foo", "KEY=VALUE"),
        ("data.dir= PLACE", "data.dir=PLACE"),
        ("data.dir =PLACE", "data.dir=PLACE"),
        ("data.dir = PLACE", "data.dir=PLACE"),
        ("data.dir PLACE", "data.dir=PLACE"),
        ("some/place", "data=folder data.dir=some/place"),
        ("data=some/place", "data=folder data.dir=some/place"),
        ("=3", "write KEY=3"),
        ("data.recursive", "data.recursive: write values as KEY=VALUE"),
        ("foo", "such as trainer.max_epochs=3"),
        ("-m --cfg job", "leave --multirun out"),
        ("--info all --multirun", "leave --multirun out"),
        ("--cfg x", "job, hydra, all"),
        ("--info x", "defaults-tree"),
        ("--resolve", "--cfg job"),
        ("--package", "--package"),
        ("pruner=median", "hparams_search=optuna"),
    ],
)
def test_a_wrong_command_line_gets_a_suggestion(line, expected):
    with pytest.raises(UserError) as error:
        prepare_arguments(line.split())
    assert expected in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "line,meant",
    [
        ("-m seed=1,2", "seed=1,2 --multirun"),
        (
            "--cfg job data.dir=1.0 --package data",
            "data.dir='1.0' --cfg job --package data --resolve",
        ),
        ("--info data=folder", "data=folder --info"),
        ("--multi data.labels= seed=3", "data.labels= seed=3 --multirun"),
        ("-sc query=bash", "-sc query=bash"),
    ],
)
def test_valid_command_lines_are_normalized(line, meant):
    assert prepare_arguments(line.split()) == meant.split()


def test_a_folder_without_a_key_gets_a_suggestion(folder):
    for words in ([str(folder)], [f"data={folder}"]):
        with pytest.raises(UserError, match=f"data=folder data.dir={folder}"):
            prepare_arguments(words)


def test_all_options_of_hydra_are_known():
    assert set(_OPTIONS) == {name for a in get_args_parser()._actions for name in a.option_strings}


def test_version_is_printed(capsys):
    for call in (lambda: prepare_arguments(["--version"]), lambda: main(["--version"])):
        with pytest.raises(SystemExit) as end:
            call()
        assert not end.value.code
        assert capsys.readouterr().out == f"surrogate-ocr {__version__}\n"


def test_no_command_lists_the_commands(capsys):
    main([])
    output = capsys.readouterr().out
    for command in ("read", "doctor", "folds", "curve", "suspects", "pack"):
        assert command in output


@pytest.mark.parametrize(
    "line,expected",
    [
        ("doctor {} --label x", "Did you mean --labels?"),
        ("folds {} --fold 3", "Did you mean --folds?"),
        ("folds {} --epochs 3", "Did you mean trainer.max_epochs=3?"),
        ("raed {}", "Did you mean read?"),
        ("doctor", "PATH"),
        ("read x.ckpt {} --jsn", "Did you mean --json?"),
    ],
)
def test_a_mistyped_command_is_reported_in_one_line(line, expected, folder, capsys):
    with pytest.raises(SystemExit) as end:
        main(line.format(folder).split())
    output = capsys.readouterr().err
    assert end.value.code == 2 and expected in output and output.count("\n") == 1


@pytest.mark.parametrize("key", ["data.dir", "init_from", "ckpt_path"])
def test_a_wrong_path_is_reported_without_loading_torch_or_leaving_files(tmp_path, key):
    words = ("data=folder", f"{key}=nowhere")
    process = start(*words, cwd=tmp_path, env={"PYTHONPROFILEIMPORTTIME": "1"})
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "error: " in output and "nowhere: no such" in output
    assert "pytorch_lightning" not in output
    assert not [*tmp_path.iterdir()]


def test_an_unknown_command_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as end:
        main(["docto", "images"])
    assert end.value.code == 2
    assert "Did you mean doctor? There are: train, read, doctor" in capsys.readouterr().err


@pytest.mark.parametrize(
    "overrides,cores,n_jobs",
    [
        (["hparams_search=optuna"], 2, 2),
        (["hparams_search=optuna"], 64, MAX_TRIALS),
        (["hparams_search=optuna"], 1, None),
        (["hparams_search=optuna", "hydra.sweeper.n_jobs=1"], 2, None),
        (["hparams_search=optuna", "hydra.sweeper.n_jobs=3"], 2, 3),
        (["hparams_search=optuna", "hydra/launcher=basic"], 2, None),
        (["hparams_search=optuna", "trainer.devices=2"], 4, None),
        (["hparams_search=optuna", "hydra.sweeper.n_jobs=null"], 2, 2),
        (["hparams_search=optuna", "hydra.sweeper.n_jobs=-1"], 2, None),
        (["hparams_search=optuna", "experiment=mine"], 2, None),
        (["hparams_search=optuna", "threads=2"], 2, None),
        (["hparams_search=my_cluster"], 2, None),
        (["optimizer=adam,sgd"], 2, None),
    ],
)
def test_a_search_runs_a_trial_on_each_core(monkeypatch, overrides, cores, n_jobs):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    monkeypatch.setattr("joblib.cpu_count", lambda: cores)
    added = prepare_arguments(["-m", *overrides])[len(overrides) : -1]
    wanted = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={n_jobs}"]
    assert added == (wanted if n_jobs else [])


def test_without_joblib_a_search_runs_one_trial_after_another(monkeypatch):
    monkeypatch.setattr(command_line, "find_spec", lambda name: None)
    assert prepare_arguments(["-m", "hparams_search=optuna"])[1:] == ["--multirun"]
