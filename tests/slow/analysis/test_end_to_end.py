"""The commands as a person types them, with trainings of seconds."""

import json
import os
import subprocess
import sys
from itertools import product

from conftest import ROOT, SMALL, draw
from trainings import rows

QUICK = (*SMALL, "data.min_images=1", "trainer.max_epochs=1")


def command(*arguments: str, cwd) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "ocr", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
    )


def test_folds(tmp_path, folder):
    done = command("folds", "images", "--folds", "2", "--out", "out", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    read = rows(tmp_path / "out" / "predictions.csv")
    assert sorted(row["file"] for row in read) == sorted(path.name for path in folder.iterdir())
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert scores["images"] == 27
    # Nothing of a fold is among the images that its model was trained or chosen with.
    for fold in "01":
        split = rows(tmp_path / "out" / f"fold_{fold}_of_2_seed_0" / "split.csv")
        seen = {row["file"].rpartition("/")[2] for row in split if row["part"] != "test"}
        assert seen.isdisjoint(row["file"] for row in read if row["fold"] == fold)
    assert "all" in done.stdout and "95 % interval" in done.stdout
    again = command("folds", "images", "--folds", "2", "--out", "out", *QUICK, cwd=tmp_path)
    assert again.stdout == done.stdout and "2 of them are already done" in again.stderr


def test_curve(tmp_path, folder):
    done = command("curve", "images", "--sizes", "8", "16", *QUICK, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "curve.json").read_text())
    assert [row["labels"] for row in found["sizes"]] == [8, 16]
    assert "no forecast" in done.stdout
    assert (tmp_path / "out" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_suspects_finds_a_wrong_caption(tmp_path):
    place = tmp_path / "images"
    place.mkdir()
    for letters in product("123", repeat=4):
        text = "".join(letters)
        draw(text).save(place / f"{text}.png")
    lines = [f"{path.name},{path.stem}" for path in sorted(place.iterdir())]
    wrong = {"1231.png": "1331", "3212.png": "3213", "2113.png": "2313"}
    lines = [f"{line.split(',')[0]},{wrong.get(line.split(',')[0], line[-4:])}" for line in lines]
    (place / "labels.csv").write_text("\n".join(["file,label", *lines]))
    done = command(
        "suspects", "images", "--json", "--folds", "3", "--out", "out", *SMALL,
        "trainer.max_epochs=8", "augment=none", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["file"] for one in found[:3]} == wrong.keys(), found[:6]
    assert all(one["reading"] == one["file"][:4] for one in found[:3])
    assert "data:image/png;base64," in (tmp_path / "out" / "suspects.html").read_text()
