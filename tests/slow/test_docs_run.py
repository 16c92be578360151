"""The manual's commands run, at their smallest size."""

import csv
import re
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, draw, saved
from conftest import config as composed
from manual import MANUAL, commands, words_of
from scripts import run_script

# Commands that aren't run here, by their beginning, and the test that runs such a one.
ELSEWHERE = {
    "python train.py -m hparams_search": ("test_sweep.py", "test_launchers.py", "test_storage.py"),
    "python train.py -m hydra/sweeper=basic": ("test_sweep.py",),
    "python -m ocr folds": ("test_end_to_end.py",),
    "python -m ocr curve": ("test_end_to_end.py",),
    "python -m ocr suspects": ("test_end_to_end.py",),
    # Several devices: two processes on the CPU there.
    "python train.py trainer.accelerator=gpu": ("test_train.py",),
    "python train.py data=packed data.dir=OUT trainer.accelerator=gpu": ("test_train.py",),
}
TINY = ("trainer.max_epochs=1", "data.min_images=1")
NAMES = {"IMAGE_OR_FOLDER": "PATH", "FOLDER": "PATH"}


def runnable() -> list[str]:
    """Commands of train.py and ocr, except those that are only named."""
    ours = [c for c in commands(MANUAL) if c.startswith(("python train.py ", "python -m ocr "))]
    return [command for command in ours if len(command.split()) > 4 or "train.py" in command]


@pytest.fixture
def place(tmp_path, captions) -> Path:
    """What the manual's names stand for: PATH, A, B, C, checkpoints, and what is downloaded."""
    for name in ("PATH", "A", "B", "C"):
        (tmp_path / name).mkdir()
        for i, caption in enumerate(captions):
            draw(caption).save(tmp_path / name / f"{i:02}.png")
        with (tmp_path / name / "labels.csv").open("w", newline="") as file:
            rows = [(f"{i:02}.png", caption) for i, caption in enumerate(captions)]
            csv.writer(file).writerows([("file", "label"), *rows])
    downloaded = tmp_path / "data" / "captcha_images_v2"  # see test_download.py
    downloaded.mkdir(parents=True)
    for caption in captions:
        draw(caption).save(downloaded / f"{caption}.png")
    draw("12").save(tmp_path / "PATH" / "27.jpg", "PNG")  # a finding, with the captions unharmed
    for name in ("OLD", "runs/..."):
        (tmp_path / name).mkdir(parents=True)
        saved(composed(*SMALL).model, tmp_path / name / "best.ckpt")
    winner = tmp_path / "runs/.../sweep_.../experiment/best.yaml"  # as a search writes it
    winner.parent.mkdir(parents=True)
    winner.write_text(
        "# @package _global_\ndefaults:\n- override /data: folder\ndata: {dir: PATH}\n"
    )
    return tmp_path


@pytest.mark.parametrize("command", runnable())
def test_it_runs(command, place):
    for beginning, tests in ELSEWHERE.items():
        if command.startswith(beginning):
            assert all([*(ROOT / "tests").rglob(name)] for name in tests)
            pytest.skip(f"run by {' and '.join(tests)}")
    _, *words = [NAMES.get(word, word) for word in words_of(command)]
    if "--fix" in words:
        (place / "PATH" / "labels.csv").unlink()
        for path in (place / "PATH").glob("0*.png"):
            path.unlink()
    if words[0] == "train.py":
        if "data=packed" in words:
            pack = ["-m", "ocr", "pack", "PATH", "OUT"]
            assert run_script(_python(pack), str(place), place / "log") is None
        continues = any("init_from" in word or "ckpt_path" in word for word in words)
        own = {"data=folder", "data=captcha_v2", "data=packed", "experiment=best"} & set(words)
        shown = {"--cfg", "--config-name"} & {*words}
        small = () if shown else TINY if continues else (*SMALL, *TINY)
        words += small if own or not small else (*small, "data.count=40")
        words += ["trainer.max_epochs=2"] if "ckpt_path=runs/.../last.ckpt" in words else []
    if {"--config-name", "ckpt_path=runs/.../last.ckpt", "ckpt_path=runs/.../best.ckpt"} & {*words}:
        folder = ("data=folder", "data.dir=PATH", "hydra.run.dir=runs/...")
        run = ["train.py", *folder, *SMALL, *TINY]
        assert run_script(_python(run), str(place), place / "log") is None
    log = place / "output"
    failure = run_script(_python(words), str(place), log)
    assert failure is None, log.read_text()
    assert log.read_text()


def test_the_example_of_a_training_from_python_runs(place):
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    (place / "example.py").write_text(code.replace('"data.dir=PATH"', f'"data.dir=PATH", *{SMALL}'))
    draw("123").save(place / "one.png")
    log = place / "output"
    assert run_script([str(place / "example.py")], str(place), log) is None, log.read_text()
    [run] = (place / "runs" / "folder").iterdir()
    assert str(run) in log.read_text() and (run / "best.ckpt").exists()


def _python(words: list[str]) -> list[str]:
    """The script, as `python` would find it."""
    if words[:2] == ["-m", "ocr"]:
        return [str(ROOT / "ocr" / "__main__.py"), *words[2:]]
    return [str(ROOT / words[0]), *words[1:]]
