"""The run folder: the configuration that ran, and what an earlier run has left there."""

import json
import shutil

import pytest
import yaml
from conftest import SMALL, draw_folder, train, trained

from ocr.models.checkpoint import load_checkpoint


def scores(run):
    metrics = json.loads((run / "metrics.json").read_text())
    return {name: value for name, value in metrics.items() if "/" in name}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run folder, whose stride the data has decided."""
    place = tmp_path_factory.mktemp("finished")
    folder = draw_folder(place / "images")
    words = [word for word in SMALL if "stride" not in word]
    return trained("data=folder", f"data.dir={folder}", *words, "seed=3", cwd=place)[0]


@pytest.fixture
def run(tmp_path, finished):
    """A copy of the finished run."""
    return shutil.copytree(finished, tmp_path / "run")


def test_config_yaml_trains_the_same_again(tmp_path, run):
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["encoder"]["stride"] in (1, 2, 4) and config["seed"] == 3
    assert config["callbacks"]["early_stopping"]["patience"] > 0
    learnt = load_checkpoint(run / "best.ckpt")["hyper_parameters"]
    assert config["data"]["charset"] == learnt["symbols"]
    for key in ("height", "channels", "polarity"):
        assert config["data"][key] == learnt["preprocessor"][key] is not None
    assert not [value for value in config["encoder"].values() if "$" in str(value)]
    again = ("--config-dir", str(run), "--config-name", "config")
    code, output = train(*again, "hydra.run.dir=again", cwd=tmp_path)
    assert code == 0, output
    assert scores(tmp_path / "again") == scores(run)
    before, after = (
        load_checkpoint(p / "best.ckpt")["state_dict"] for p in (run, tmp_path / "again")
    )
    assert all(after[name].equal(tensor) for name, tensor in before.items())
    # Without a folder, the run doesn't overwrite the first one; overrides reach all that use them.
    code, output = train(*again, "encoder.channels=4", "trainer.max_epochs=1", cwd=tmp_path)
    assert code == 0, output
    [other] = (tmp_path / "runs" / "again").iterdir()
    assert load_checkpoint(other / "best.ckpt")["hyper_parameters"]["encoder"]["channels"] == 4


def test_config_yaml_of_a_fine_tuned_run_keeps_its_explicit_values(tmp_path, run, folder):
    words = ("data=folder", f"data.dir={folder}", *SMALL[-3:], "trainer.max_epochs=1")
    words = (*words, f"init_from={run / 'best.ckpt'}", "encoder.dropout=0.3", "hydra.run.dir=tuned")
    code, output = train(*words, cwd=tmp_path)
    assert code == 0, output
    again = ("--config-dir", "tuned", "--config-name", "config", "hydra.run.dir=again")
    code, output = train(*again, cwd=tmp_path)
    assert code == 0, output
    assert scores(tmp_path / "again") == scores(tmp_path / "tuned")
    config = yaml.safe_load((tmp_path / "again" / "config.yaml").read_text())
    assert config["encoder"]["dropout"] == 0.3 and config["encoder"]["channels"] == 8


def test_a_test_keeps_the_config_of_the_training(tmp_path, run, folder):
    before = (run / "config.yaml").read_text()
    words = ("data=folder", f"data.dir={folder}", "fit=false", f"ckpt_path={run / 'best.ckpt'}")
    trained(*words, cwd=tmp_path)
    assert (run / "config.yaml").read_text() == before


def test_a_new_run_keeps_the_results_of_an_earlier_one(tmp_path, run, folder):
    (run / "curves.png").touch()
    before = (run / "metrics.json").read_bytes()
    words = ("data=folder", f"data.dir={folder}", *SMALL, "test=false", f"hydra.run.dir={run}")
    code, _ = train(*words, "optimizer.lr=-1", cwd=tmp_path)
    assert code == 1 and (run / "metrics.json").read_bytes() == before
    code, output = train(*words, "trainer.max_epochs=1", cwd=tmp_path)
    assert code == 0
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 1
    assert (run / "metrics.1.json").read_bytes() == before
    for name in ("predictions.1.csv", "curves.1.png", "config.1.yaml"):
        assert name in output and (run / name).exists()
    assert not (run / "predictions.csv").exists() and not (run / "curves.png").exists()


def test_a_validation_leaves_the_results_of_the_training(tmp_path, run, folder):
    names = ("best.ckpt", "predictions.csv", "metrics.csv", "config.yaml")
    before = {name: (run / name).read_bytes() for name in names}
    trained(
        "data=folder", f"data.dir={folder}", "fit=false", "test=false",
        f"ckpt_path={run / 'best.ckpt'}", cwd=tmp_path,
    )  # fmt: skip
    assert {name: (run / name).read_bytes() for name in names} == before


def test_config_yaml_of_a_resumed_run_begins_anew(tmp_path, run, folder):
    words = ("data=folder", f"data.dir={folder}", *SMALL, f"ckpt_path={run / 'last.ckpt'}")
    trained(*words, "trainer.max_epochs=3", cwd=tmp_path)
    assert yaml.safe_load((run / "config.yaml").read_text())["ckpt_path"] is None
    assert not [*run.glob("*.1.*")]
