"""ckpt_path: going on from a run that has ended."""

import csv
import json
import shutil

import pytest
from conftest import SMALL, draw, train, trained


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def arguments(finished_run):
    """What the run was started with."""
    return ("data=folder", f"data.dir={finished_run.parent / 'images'}", *SMALL)


def test_it_goes_on_in_a_folder_of_its_own(tmp_path, finished_run, arguments):
    last = f"ckpt_path={finished_run / 'last.ckpt'}"
    run, metrics, output = trained(*arguments, "trainer.max_epochs=4", last, cwd=tmp_path)
    assert metrics["epochs"] == 4 and "nothing is left" not in output
    assert [row["epoch"] for row in rows(run / "metrics.csv")] == ["3", "4"]
    assert "Epoch 3/4 " in output and "Epoch 2/" not in output


def test_in_the_same_folder_the_curve_is_kept(tmp_path, finished_run, arguments):
    run = shutil.copytree(finished_run, tmp_path / "run")
    before = rows(run / "metrics.csv")
    trained(*arguments, "trainer.max_epochs=3", f"ckpt_path={run / 'last.ckpt'}", cwd=tmp_path)
    after = rows(run / "metrics.csv")
    assert [row["epoch"] for row in after] == ["1", "2", "3"]
    assert after[:2] == before


def test_with_nothing_left_to_train_the_earlier_best_is_kept(tmp_path, finished_run, arguments):
    last = f"ckpt_path={finished_run / 'last.ckpt'}"
    run, metrics, output = trained(*arguments, last, cwd=tmp_path)
    assert "nothing is left to train" in output and "trainer.max_epochs=2" in output
    assert (run / "best.ckpt").read_bytes() == (finished_run / "best.ckpt").read_bytes()
    before = json.loads((finished_run / "metrics.json").read_text())
    assert metrics["val/cer"] == before["val/cer"]


@pytest.mark.parametrize("change", ["optimizer.lr=1e-4", "encoder.growth=1.6", "data.height=32"])
def test_other_values_are_refused(tmp_path, finished_run, arguments, change):
    code, output = train(
        *arguments, change, f"ckpt_path={finished_run / 'last.ckpt'}", cwd=tmp_path
    )
    assert code == 1
    assert change.partition("=")[0] in output and "Traceback" not in output


def test_other_symbols_are_refused(tmp_path, folder, finished_run):
    last = finished_run / "last.ckpt"
    arguments = ("data=folder", f"data.dir={folder}", *SMALL, f"ckpt_path={last}")
    draw("123").save(folder / "12z.png")
    code, output = train(*arguments, cwd=tmp_path)
    assert code == 1
    assert "error:" in output and "z" in output and "Traceback" not in output
    for path in folder.iterdir():
        path.rename(path.with_stem(path.stem.translate({49: "x", 50: "y", 51: "z"})))
    code, output = train(*arguments, cwd=tmp_path)
    assert code == 1 and f"init_from={last}" in output
