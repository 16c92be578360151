"""Commands in messages are those of the program that the user started."""

import subprocess
import sys
from pathlib import Path

import pytest

from ocr.config.program import ocr_command, train_command

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("words", "ocr", "train"),
    [
        (["train.py", "seed=1"], "python -m ocr", "python train.py"),
        ([str(ROOT / "train.py")], "python -m ocr", "python train.py"),
        (["-m", "ocr", "doctor", "images"], "python -m ocr", "python -m ocr train"),
        (["/bin/surrogate-ocr", "train"], "surrogate-ocr", "surrogate-ocr train"),
        (["Scripts/surrogate-ocr.exe", "pack"], "surrogate-ocr", "surrogate-ocr train"),
        (["/home/me/train.py"], "python -m ocr", "python -m ocr train"),
        ([], "python -m ocr", "python -m ocr train"),
    ],
)
def test_commands_name_the_program_that_was_started(monkeypatch, words, ocr, train):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "orig_argv", ["python", *words])
    assert (ocr_command(), train_command()) == (ocr, train)


def test_an_installed_script_names_itself(tmp_path):
    script = tmp_path / "surrogate-ocr"
    script.write_text("from ocr.__main__ import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, script, "train", "--nonsense"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "surrogate-ocr train --cfg job" in done.stdout + done.stderr
