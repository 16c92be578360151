"""A full or read-only disk ends a search with one line, and no result is lost."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.types import HydraContext
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import OperationalError
from toy import CONF, launcher, searching

from ocr.errors import UserError
from ocr.search import report, result_writer, sweep

FULL = OSError(errno.ENOSPC, "No space left on device")


pytestmark = pytest.mark.usefixtures("no_charts")


def refuse(*_, **__):
    raise FULL


def sweep_in(folder, monkeypatch):
    """A whole sweep of two trials and a final each, to best.ckpt, without pictures."""
    monkeypatch.setattr(sweep.signal, "signal", lambda *_: None)
    made = SimpleNamespace(launch=launcher(folder))
    monkeypatch.setattr(sweep, "make_launcher", lambda *_: made)
    arguments = ["hparams_search=optuna"]
    hydra = ["hydra.sweeper.n_trials=2", "hydra.sweeper.top_seeds=1", f"hydra.sweep.dir={folder}"]
    with initialize_config_dir(str(CONF)):
        config = compose("train", overrides=[*arguments, *hydra], return_hydra_config=True)
        context = HydraContext(GlobalHydra.instance().config_loader(), Callbacks())
        sweep.search(config, context, lambda config: None, arguments)


def ends_in_one_line(folder, monkeypatch) -> str:
    with pytest.raises(UserError) as error:
        sweep_in(folder, monkeypatch)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("below", ["", "sweep"])
def test_a_file_where_the_sweep_folder_is_to_be(tmp_path, monkeypatch, below):
    (tmp_path / "taken").write_text("")
    message = ends_in_one_line(tmp_path / "taken" / below, monkeypatch)
    assert message.startswith(f"hydra.sweep.dir={tmp_path / 'taken' / below} can't be made: ")


def test_a_sweep_folder_that_can_only_be_read(tmp_path, monkeypatch):
    """As seen with a study elsewhere; one in the folder itself can't be opened to begin with."""
    opened = Path.open

    def read_only(path, mode="r", *args, **kwargs):
        if "w" in mode and path.parent == tmp_path:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", read_only)
    message = ends_in_one_line(tmp_path, monkeypatch)
    assert message.startswith(str(tmp_path)) and "Read-only file system" in message


def test_a_study_that_can_only_be_read(tmp_path, monkeypatch):
    def read_only(*_, **__):
        raise OperationalError("INSERT", {}, Exception("attempt to write a readonly database"))

    monkeypatch.setattr(RDBStorage, "_create_new_trial", read_only)
    message = ends_in_one_line(tmp_path, monkeypatch)
    assert "hydra.sweeper.storage=sqlite:" in message and "readonly database" in message


@pytest.mark.parametrize("name", ["write_csv", "write_report"])
def test_a_full_disk_loses_no_trial(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(result_writer if name == "write_csv" else report, name, refuse)
    with searching(tmp_path, "hydra.sweeper.n_trials=2") as searched:
        searched.run()
        assert [t.state for t in searched.coordinator.trials()] == [TrialState.COMPLETE] * 2
    message = capsys.readouterr().out
    assert "can't be written (No space left on device)" in message and "Traceback" not in message


def test_a_report_that_cannot_be_drawn_meanwhile_is_drawn_at_the_end(tmp_path, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(result_writer, "run_task", lambda *_: "its process was killed")
    monkeypatch.setattr(report, "write_report", lambda *_: drawn.append(1))
    with searching(tmp_path, "hydra.sweeper.n_trials=1") as searched:
        searched.run()
    message = capsys.readouterr().out
    assert "the report can't be drawn now: its process was killed" in message
    assert drawn == [1]


def test_a_full_disk_fails_the_trials_it_stops(tmp_path, monkeypatch):
    """Hydra writes each trial's config before the trial begins."""
    with (
        searching(tmp_path, "hydra.sweeper.n_trials=9", launch=refuse) as searched,
        pytest.raises(UserError, match=r"3 of 3 trials failed.*No space left.*\(3 times\)$"),
    ):
        searched.run()


@pytest.mark.parametrize("name", ["best.ckpt", "best.yaml"])
def test_search_can_continue_after_a_full_disk_at_the_end(tmp_path, monkeypatch, name):
    write = Path.write_bytes

    def full(path, content):
        if name in path.name:
            raise FULL
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(result_writer, "write_csv", lambda *_: None)
        patch.setattr(Path, "write_bytes", full)
        message = ends_in_one_line(tmp_path, monkeypatch)
    assert "No space left on device" in message and "run the same command again" in message
    sweep_in(tmp_path, monkeypatch)
    assert (tmp_path / "best.ckpt").exists() and (tmp_path / "best.yaml").exists()
