"""Training from Python: in a script, in this process, and with mistakes."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT, SMALL
from hydra.core.hydra_config import HydraConfig

from ocr import UserError, compose, train

SCRIPT = """
import json, sys
from ocr import Reader, UserError, compose, train
assert "torch" not in sys.modules
result = train(compose(json.loads(sys.argv[1])))
reader = Reader.load(result.folder / "best.ckpt")
print(json.dumps([str(result.folder), result.scores, reader.read(sys.argv[2])[0].text]))
"""


def test_a_script_trains_and_reads(tmp_path, folder):
    (tmp_path / "script.py").write_text(SCRIPT)
    words = ["data=folder", f"data.dir={folder}", *SMALL, "callbacks.progress_bar=null"]
    done = subprocess.run(
        [sys.executable, "script.py", json.dumps(words), str(folder / "111.png")],
        cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    place, scores, text = json.loads(done.stdout.splitlines()[-1])
    [run] = (tmp_path / "runs" / "folder").iterdir()
    assert place == str(run) and isinstance(text, str)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test/cer"] == scores["test/cer"] and metrics["val/cer"] == scores["val/cer"]
    assert "Epoch 2/2" in done.stdout
    assert "Epoch 2/2" in (run / "train.log").read_text()


def test_values_can_be_set_between_compose_and_train(tmp_path, folder):
    words = ["data=folder", f"data.dir={folder}", *SMALL, "trainer.max_epochs=1"]
    config = compose([*words, f"hydra.run.dir={tmp_path / 'run'}"])
    config.optimizer.lr = 2e-3
    result = train(config)
    assert result.folder == tmp_path / "run"
    assert result.objective == result.scores["val/cer"]
    assert "lr: 0.002" in (result.folder / "config.yaml").read_text()


@pytest.mark.parametrize(
    "overrides,words",
    [
        (["data.bach_size=3"], "Did you mean batch_size?"),
        (["encoder=resnt"], "encoder=resnt"),
        (["data=folder", "data.dir=nowhere"], "nowhere: no such folder"),
        (["data.dir"], "KEY=VALUE"),
        (["run.dir=x"], "hydra.run.dir"),
        (["trainer.max_epochs=x"], "trainer.max_epochs=x"),
        (["data.count=20", "optimizer.lr=-1"], "optimizer.lr=-1"),
        (["callbacks.best.mode=max"], "callbacks.best.mode=min"),
        (["data.count=20", "+trainer.overfit_batches=x"], "overfit_batches"),
    ],
)
def test_a_mistake_is_a_user_error_of_one_line(tmp_path, monkeypatch, overrides, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        train(compose(overrides))
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.fixture
def without_hydra(monkeypatch):
    """As in a script, whatever other tests did in this process."""
    monkeypatch.setattr(HydraConfig.instance(), "cfg", None)


def refuse(*overrides: str) -> str:
    with pytest.raises(UserError) as error:
        train(compose([*SMALL, "data=folder", "data.dir=images", *overrides]))
    return str(error.value)


def test_a_refused_run_leaves_no_folder(tmp_path, monkeypatch, folder, without_hydra):
    monkeypatch.chdir(tmp_path)
    refuse("trainer.check_val_every_n_epoch=99")
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_a_run_folder_that_cannot_be_made_is_a_user_error(
    tmp_path, monkeypatch, folder, without_hydra
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    message = refuse("hydra.run.dir=file/run")
    assert message.startswith(f"hydra.run.dir={tmp_path / 'file' / 'run'} can't be made")


def test_a_refused_run_removes_only_its_own_files(tmp_path, monkeypatch, folder, without_hydra):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "split.csv").write_text("earlier")
    (tmp_path / "run" / "notes.txt").write_text("mine")
    refuse("hydra.run.dir=run", "optimizer.lr=-1")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"split.csv", "notes.txt"}


def test_a_refusal_that_points_to_a_file_keeps_it(tmp_path, monkeypatch, folder, without_hydra):
    monkeypatch.chdir(tmp_path)
    message = refuse("hydra.run.dir=run", "trainer.max_epochs=0")
    assert str(tmp_path / "run" / "split.csv") in message
    assert (tmp_path / "run" / "split.csv").exists()
