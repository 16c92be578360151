"""Runs that are interrupted, several devices, sweeps, and learning by heart."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, SMALL, draw, start, train, trained

from ocr.data.sources.pack import pack


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_eight_images_can_be_learnt_by_heart(tmp_path):
    place = tmp_path / "images"
    place.mkdir()
    for caption in ("11", "12", "21", "22", "122", "211", "212", "221"):
        draw(caption).save(place / f"{caption}.png")
    _, metrics, _ = trained(
        "data=folder",
        f"data.train_dir={place}",
        f"data.val_dir={place}",
        f"data.test_dir={place}",
        *SMALL,
        "augment=none",
        "trainer.max_epochs=8",
        cwd=tmp_path,
    )
    assert metrics["test/exact_match"] == 1
    assert metrics["test/exact_match_repeats"] == 1


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(tmp_path, folder):
    run = tmp_path / "run"
    arguments = ("data=folder", f"data.dir={folder}", *SMALL, "trainer.max_epochs=5000")
    process = start(*arguments, f"hydra.run.dir={run}", cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not (run / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"ckpt_path={run / 'last.ckpt'}" in output
    assert "Traceback" not in output, output
    reached = int(re.search(r"stopped in epoch (\d+)", output)[1])
    (tmp_path / "more").mkdir()
    _, metrics, _ = trained(
        *arguments,
        f"trainer.max_epochs={reached + 2}",
        f"ckpt_path={run / 'last.ckpt'}",
        cwd=tmp_path / "more",
    )
    assert metrics["epochs"] == reached + 2


def test_where_ctrl_c_is_ignored_sigterm_ends_it(tmp_path, folder):
    """As in the background of a shell, or under nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which what is started inherits
    try:
        run = tmp_path / "run"
        words = ("data=folder", f"data.dir={folder}", *SMALL, "trainer.max_epochs=5000")
        process = start(*words, f"hydra.run.dir={run}", cwd=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 120
    while not (run / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert f"ckpt_path={run / 'last.ckpt'}" in output and "Traceback" not in output


def test_two_devices_count_every_image_once(tmp_path, folder):
    draw("3333").save(folder / "3333.png")  # odd numbers of images
    arguments = ("data=folder", f"data.dir={folder}", *SMALL, "data.val_size=0.2")
    run, metrics, output = trained(
        *arguments,
        "data.test_size=0.3",
        "trainer.accelerator=cpu",
        "trainer.devices=2",
        "trainer.strategy=ddp",
        cwd=tmp_path,
    )
    assert output.count("python -m ocr read") == output.count("Epoch 2/2 ") == 1
    assert [row["epoch"] for row in rows(run / "metrics.csv")] == ["1", "2"]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()].count("run") == 1
    assert not (tmp_path / "runs").exists()
    tested = [row for row in rows(run / "split.csv") if row["part"] == "test"]
    from ocr import Reader

    readings = Reader.load(run / "best.ckpt").read([row["file"] for row in tested])
    right = sum(r.text == row["label"] for r, row in zip(readings, tested, strict=True))
    assert metrics["test/exact_match"] == pytest.approx(right / len(tested))
    assert metrics["images_test"] == len(tested)
    read = rows(run / "predictions.csv")
    assert [row["file"] for row in read] == [row["file"] for row in tested]
    assert [row["reading"] for row in read] == [reading.text for reading in readings]


SCRIPT = """
import json, sys
from ocr import compose, train
result = train(compose(json.loads(sys.argv[1])))
print("folder", result.folder, result.scores["test/exact_match"], flush=True)
"""


def test_two_devices_from_python_share_a_run_folder(tmp_path, folder):
    (tmp_path / "script.py").write_text(SCRIPT)
    words = [
        "data=folder", f"data.dir={folder}", *SMALL, "data.val_size=0.2", "data.test_size=0.3",
        "trainer.accelerator=cpu", "trainer.devices=2", "trainer.strategy=ddp",
        "trainer.max_epochs=1", "callbacks.progress_bar=null",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "script.py", json.dumps(words)],
        cwd=tmp_path, capture_output=True, text=True, timeout=200,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [run] = (tmp_path / "runs" / "folder").iterdir()
    first, second = [line for line in done.stdout.splitlines() if line.startswith("folder")]
    assert first == second and first.split()[1] == str(run)
    assert (run / "best.ckpt").exists() and (run / "metrics.json").exists()


def test_a_plain_grid_sweep_runs(tmp_path, folder):
    code, output = train(
        "-m",
        "hydra/sweeper=basic",
        "data=folder",
        f"data.dir={folder}",
        *SMALL,
        "trainer.max_epochs=1",
        "optimizer=adam,sgd",
        "hydra.sweep.dir=sweep",
        cwd=tmp_path,
    )
    assert code == 0, output
    for job in "01":
        assert json.loads((tmp_path / "sweep" / job / "metrics.json").read_text())["epochs"] == 1


def test_a_run_on_a_pack(tmp_path, folder):
    out = tmp_path / "out"
    rows = [f"{path.name},{path.stem}" for path in sorted(folder.iterdir())]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows, "broken.png,1"]))
    (folder / "broken.png").write_bytes(b"no image")
    draw("1").save(folder / "new.png")
    pack(folder, out)
    run, metrics, output = trained(
        "data=packed", f"data.dir={out}", *SMALL, "trainer.max_epochs=1", cwd=tmp_path
    )
    assert sum(metrics[f"images_{part}"] for part in ("train", "val", "test")) == 27
    assert metrics["images_skipped"] == metrics["images_uncaptioned"] == 1
    assert "left out    1 image and 1 image without a caption, listed in" in output
    assert "broken.png" in (run / "skipped.csv").read_text()
    assert (run / "split.csv").read_text().count(str(out)) == 27


def test_a_folder_called_like_a_number(tmp_path, folder):
    folder.rename(tmp_path / "2024_01")
    code, output = train("data=folder", "data.dir=2024_01", "optimizer.lr=-1", cwd=tmp_path)
    assert code == 1 and "no such folder" not in output and "optimizer.lr" in output
    words = ("-m", "hydra/sweeper=basic", "hydra.sweep.dir=1.50", "trainer.max_epochs=1")
    code, output = train("data=folder", "data.dir=2024_01", *SMALL, *words, cwd=tmp_path)
    assert code == 0, output
    assert (tmp_path / "1.50" / "0" / "metrics.json").exists()
