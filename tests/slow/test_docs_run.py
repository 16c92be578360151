"""The README's commands run, at their smallest size."""

import csv
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, draw, saved
from conftest import config as composed
from doc_commands import commands, words_of

from ocr.training.process import run_command

# Which test runs those that take longer; each is the beginning of a command.
ELSEWHERE = {
    "python train.py -m hparams_search": "tests/search/test_sweep.py and test_launchers.py",
    "python train.py -m hydra/sweeper=basic": "tests/search/test_sweep.py",
    "python -m ocr folds": "tests/measure/test_end_to_end.py",
    "python -m ocr curve": "tests/measure/test_end_to_end.py",
    "python -m ocr suspects": "tests/measure/test_end_to_end.py",
    "python train.py trainer.accelerator=gpu": "four GPUs; tests/test_train.py with two processes",
}
TINY = ("trainer.max_epochs=1", "data.min_images=1")
NAMES = {"IMAGE_OR_FOLDER": "PATH", "FOLDER": "PATH"}


def runnable() -> list[str]:
    """Those of train.py and of ocr, but for the ones that are only named."""
    ours = [c for c in commands() if c.startswith(("python train.py", "python -m ocr"))]
    return [command for command in ours if command != "python -m ocr doctor"]


@pytest.fixture
def place(tmp_path, captions) -> Path:
    """What the README's names stand for: PATH, A, B, C, checkpoints, and what is downloaded."""
    for name in ("PATH", "A", "B", "C"):
        (tmp_path / name).mkdir()
        for i, caption in enumerate(captions):
            draw(caption).save(tmp_path / name / f"{i:02}.png")
        with (tmp_path / name / "labels.csv").open("w", newline="") as file:
            rows = [(f"{i:02}.png", caption) for i, caption in enumerate(captions)]
            csv.writer(file).writerows([("file", "label"), *rows])
    downloaded = tmp_path / "data" / "captcha_images_v2"  # already; tests/data/test_download.py
    downloaded.mkdir(parents=True)
    for caption in captions:
        draw(caption).save(downloaded / f"{caption}.png")
    draw("12").save(tmp_path / "PATH" / "27.jpg", "PNG")  # a finding, with the captions unharmed
    for name in ("OLD", "runs/..."):
        (tmp_path / name).mkdir(parents=True)
        saved(composed(*SMALL).model, tmp_path / name / "best.ckpt")
    return tmp_path


@pytest.mark.parametrize("command", runnable())
def test_it_runs(command, place):
    for beginning, where in ELSEWHERE.items():
        if command.startswith(beginning):
            pytest.skip(where)
    _, *words = [NAMES.get(word, word) for word in words_of(command)]
    if "--mend" in words:
        (place / "PATH" / "labels.csv").unlink()
        for path in (place / "PATH").glob("0*.png"):
            path.unlink()
    if words[0] == "train.py":
        if "data=packed" in words:
            pack = ["-m", "ocr", "pack", "PATH", "OUT"]
            assert run_command(_python(pack), str(place), place / "log") is None
        small = TINY if any("init_from" in word for word in words) else (*SMALL, *TINY)
        own = {"data=folder", "data=captcha_v2"} & set(words)
        words += small if own else (*small, "data.count=40")
        if "data=packed" in words:
            words.remove("data.count=40")
    log = place / "output"
    failure = run_command(_python(words), str(place), log)
    assert failure is None, log.read_text()
    assert log.read_text()


def _python(words: list[str]) -> list[str]:
    """The script, as `python` would find it."""
    if words[:2] == ["-m", "ocr"]:
        return [str(ROOT / "ocr" / "__main__.py"), *words[2:]]
    return [str(ROOT / words[0]), *words[1:]]
