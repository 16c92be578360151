"""train.py as a person runs it."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HEBREW, ROOT, SMALL, draw, start, train, trained
from PIL import Image

from ocr.models.metrics import has_not_learned


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_what_it_promises(tmp_path, folder):
    small = [word for word in SMALL if "learning_curves" not in word]
    run, metrics, output = trained(
        "data=folder", f"data.dir={folder}", *small, "logger=tensorboard", cwd=tmp_path
    )
    for name in ("best.ckpt", "last.ckpt", "metrics.csv", "metrics.json", "split.csv", ".hydra"):
        assert (run / name).exists(), name
    assert Image.open(run / "curves.png").width > 500
    assert not (run / "skipped.csv").exists()
    parts = [row["part"] for row in rows(run / "split.csv")]
    for part in ("train", "val", "test"):
        assert metrics[f"images_{part}"] == parts.count(part) > 0
    assert sum(metrics[f"images_{part}"] for part in ("train", "val", "test")) == 27
    for key in ("test/exact_match", "test/cer", "val/exact_match", "val/cer", "fit_seconds"):
        assert metrics[key] >= 0
    log = (run / "train.log").read_text(encoding="utf-8")
    for told in (output, log):
        for epoch in (1, 2):
            line = rf"^Epoch {epoch}/2  loss: \d\S+  val/cer: \d\.\d+ .* s  best\.ckpt"
            assert len(re.findall(line, told, re.MULTILINE)) == 1, told
        assert told.count("│ val ") == told.count("│ test ") == told.count("read with") == 1
        assert "best.ckpt is from epoch 2 of 2; the run ended after trainer.max_epochs=2" in told
    assert metrics["best_epoch"] == 2 and metrics["ended"] == "max_epochs"
    assert "\x1b" not in log and "━━ " not in output, "a bar, where none can be drawn"
    read = rows(run / "predictions.csv")
    assert [*read[0]] == ["file", "label", "reading", "confidence"]
    listed = [row for row in rows(run / "split.csv") if row["part"] == "test"]
    assert [(r["file"], r["label"]) for r in read] == [(r["file"], r["label"]) for r in listed]
    right = sum(row["label"] == row["reading"] for row in read)
    assert metrics["test/exact_match"] == pytest.approx(right / len(read))
    assert all(0 <= float(row["confidence"]) <= 1 for row in read)
    low, high = metrics["test/exact_match_ci95"]
    assert 0 <= low <= metrics["test/exact_match"] <= high <= 1
    assert metrics["epochs"] == 2 and metrics["seed"] == 0 and metrics["parameters"] > 1000
    assert "torch" in metrics["versions"]
    logged = rows(run / "metrics.csv")
    assert [row["epoch"] for row in logged] == ["1", "2"]
    for column in ("train/loss", "val/loss", "val/blanks", "val/cer", "train/seconds", "lr"):
        assert all(float(row[column]) >= 0 for row in logged), column
    assert not [column for column in logged[0] if column.startswith(("lr-", "test/"))]
    assert f"tensorboard --logdir {run.relative_to(tmp_path)}" in output
    assert not any(
        "hp_metric" in path.read_bytes().decode("latin-1") for path in run.rglob("events*")
    )
    assert "python -m ocr read" in output
    assert ("The model reads no image correctly" in output) == has_not_learned(metrics)
    assert "Warning" not in output
    parts = [line.split("│")[1].strip() for line in output.splitlines() if line.count("│") == 4]
    assert parts == ["encoder", "recurrent", "head"]


def test_predictions_are_spoken_as_the_captions_are(tmp_path, folder):
    for path in folder.glob("*.png"):
        path.rename(path.with_stem(path.stem.translate(HEBREW)))
    run, _, output = trained("data=folder", f"data.dir={folder}", *SMALL, cwd=tmp_path)
    assert "data.order=rtl" in output
    listed = {row["file"]: row["label"] for row in rows(run / "split.csv")}
    for row in rows(run / "predictions.csv"):
        assert row["label"] == listed[row["file"]] == Path(row["file"]).stem


@pytest.mark.parametrize("command", [["train.py"], ["-m", "ocr"], ["-m", "ocr", "train"]])
def test_ctrl_c_while_modules_load_has_no_traceback(tmp_path, command):
    hook = (  # interrupts the import of a module that each command needs
        "import sys\nclass Finder:\n def find_spec(self, name, path, target=None):\n"
        "  if name == 'ocr.errors': raise KeyboardInterrupt\nsys.meta_path.insert(0, Finder())\n"
    )
    (tmp_path / "sitecustomize.py").write_text(hook)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 130 and done.stderr == ""


def test_a_mistyped_command_does_not_wait_for_torch():
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "train.py", "data.hieght=3"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1 and "Did you mean height?" in run.stderr
    assert "hydra" in run.stderr and "| torch\n" not in run.stderr


def test_the_same_seed_gives_the_same_scores(tmp_path, folder):
    scores = []
    for attempt in "ab":
        place = tmp_path / attempt
        place.mkdir()
        _, metrics, _ = trained("data=folder", f"data.dir={folder}", *SMALL, "seed=3", cwd=place)
        scores.append({k: v for k, v in metrics.items() if "/" in k})
    assert scores[0] == scores[1]


def test_every_value_from_the_command_line(tmp_path, folder):
    run, metrics, _ = trained(
        "data=folder",
        f"data.dir={folder}",
        *SMALL,
        "encoder=vgg",
        "encoder.num_layers=5",
        "encoder.growth=1.6",
        "recurrent=gru",
        "recurrent.num_layers=2",
        "recurrent.hidden_size=12",
        "head=mlp",
        "head.units=16",
        "optimizer=sgd",
        "optimizer.lr=2e-3",
        "scheduler=cosine",
        "data.batch_size=4",
        "trainer.max_epochs=1",
        "seed=5",
        "test=false",
        "logger=tensorboard",
        cwd=tmp_path,
    )
    assert metrics["seed"] == 5 and metrics["epochs"] == 1
    assert "test/cer" not in metrics
    assert list((run / "tensorboard").glob("events*"))
    written = (run / ".hydra" / "config.yaml").read_text()
    assert "ocr.models.encoders.VGG" in written and "torch.optim.SGD" in written


@pytest.mark.parametrize(
    "overrides,words",
    [
        (["data.bach_size=3"], ["data.bach_size", "batch_size", "num_workers"]),
        (["encoder.growht=3"], ["encoder.growht", "Did you mean growth?"]),
        (["sed=3"], ["sed", "seed"]),
        (["encoder=resnt"], ["Did you mean resnet? There are: conv, resnet, vgg"]),
        (["experimnt=keras"], ["no key experimnt. Did you mean experiment?", "hparams_search"]),
        (["hydra/launcher=basik"], ["hydra/launcher=basik: no such option. Did you mean basic?"]),
        (["hydra/launcher=submitit_slrm"], ["Did you mean submitit_slurm?"]),
        (["encoder"], ["encoder: write values as KEY=VALUE, here encoder=..."]),
        (["trainer.max_epochs=abc"], ["trainer.max_epochs=abc: give a whole number"]),
        (["data=folder"], ["data.dir=PATH"]),
        (["data.labels=labels.csv"], ["data.labels", "add data=folder"]),
        (["data=folder", "data.dir=nowhere"], ["nowhere", "no such folder"]),
        (["data.batch_size=0"], ["data.batch_size=0"]),
        (["ckpt_path=nowhere.ckpt"], ["nowhere.ckpt"]),
        (["objective=val/cre"], ["val/cre", "val/cer"]),
        (["seed=abc"], ["seed=abc"]),
        (["threads=0"], ["threads=0: give a whole number, 1 or more"]),
        (["threads=many"], ["threads=many: give a whole number, 1 or more"]),
        (["trainer.max_epochs=0"], ["trainer.max_epochs"]),
        (["trainer.max_epochs=-1"], ["trainer.max_epochs"]),
        (["trainer.max_time=00:00:00:00"], ["trainer.max_time"]),
        (["encoder.num_layers=abc"], ["num_layers=abc"]),
        (["data.val_size=abc"], ["data.val_size=abc"]),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path, overrides, words):
    code, output = train(*overrides, cwd=tmp_path)
    assert code == 1
    assert "Traceback" not in output, output
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, output
    for word in words:
        assert word in output


def test_what_is_left_out_is_counted_and_listed(tmp_path, folder):
    (folder / "222.png").write_bytes((folder / "222.png").read_bytes()[:60])
    draw("1" * 12).save(folder / "111222333111.png")
    (folder / "321b.png").write_bytes((folder / "321.png").read_bytes())
    arguments = ("data=folder", f"data.dir={folder}", *SMALL)
    code, output = train(*arguments, "hydra.run.dir=refused", cwd=tmp_path)
    assert code == 1 and "data.max_skipped" in output
    assert len(rows(tmp_path / "refused" / "skipped.csv")) == 4

    run, metrics, output = trained(*arguments, "data.max_skipped=0.3", cwd=tmp_path)
    reasons = {row["file"].rpartition("/")[2]: row["reason"] for row in rows(run / "skipped.csv")}
    assert set(reasons) == {"222.png", "111222333111.png", "321.png", "321b.png"}
    assert re.search(r"needs 20 time steps.*gives 15", reasons["111222333111.png"])
    assert "321b.png" in reasons["321.png"]
    assert metrics["images_skipped"] == 4
    assert output.count("4 ") >= 2 and "left out" in output


def test_a_fresh_run_in_an_old_folder_begins_a_curve_and_keeps_the_old_checkpoints(
    tmp_path, folder
):
    arguments = ("data=folder", f"data.dir={folder}", *SMALL, "trainer.max_epochs=1")
    run, _, _ = trained(*arguments, cwd=tmp_path)
    old = {name: (run / f"{name}.ckpt").read_bytes() for name in ("best", "last")}
    curve = (run / "metrics.csv").read_bytes()
    _, _, output = trained(*arguments, "seed=1", cwd=tmp_path)
    assert [row["epoch"] for row in rows(run / "metrics.csv")] == ["1"]
    assert (run / "metrics.1.csv").read_bytes() == curve
    assert "already holds a run: its files are kept as best.1.ckpt, last.1.ckpt" in output
    for name, content in old.items():
        assert (run / f"{name}.1.ckpt").read_bytes() == content
        assert (run / f"{name}.ckpt").read_bytes() != content
    trained("fit=false", f"data.dir={folder}", "data=folder", f"ckpt_path={run / 'best.1.ckpt'}",
            *SMALL, cwd=tmp_path)  # fmt: skip
    assert not (run / "best.2.ckpt").exists()


def test_a_mistake_is_one_line(tmp_path, folder):
    code, output = train("data=folder", f"data.dir={folder}", "data.height=-1", cwd=tmp_path)
    assert code == 1
    assert "data.height" in output and "Error executing job" not in output


@pytest.mark.parametrize("key,words", [("run", ()), ("sweep", ("-m", "seed=1,2"))])
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, folder, key, words):
    (tmp_path / "file").touch()
    wanted = f"hydra.{key}.dir={tmp_path}/file/x"
    process = start(*words, "data=folder", f"data.dir={folder}", wanted, cwd=tmp_path)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert output.startswith(f"error: hydra.{key}.dir: ") and output.count("\n") == 1


def test_a_folder_without_its_choice(tmp_path, folder):
    code, output = train(f"data.dir={folder}", cwd=tmp_path)
    assert code == 1 and "add data=folder" in output


def test_train_py_reads_aloud():
    assert len((ROOT / "ocr" / "training" / "train.py").read_text().splitlines()) < 80
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
