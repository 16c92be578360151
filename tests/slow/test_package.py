"""The installed package: the wheel has what it needs, away from the checkout."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, draw


def run(command, cwd, **env):
    """Run a command outside the checkout, without PYTHONPATH; return its output."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | env
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=outside, text=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A virtual environment with the wheel, and with the dependencies of this one."""
    place = tmp_path_factory.mktemp("package")
    source = place / "source"  # building leaves files behind

    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "conf", source / "conf")
    shutil.copytree(ROOT / "ocr", source / "ocr", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", place, source], place)
    [wheel] = place.glob("*.whl")
    environment = place / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run([python, "-c", purelib], place).strip())
    # The dependencies come from this environment, but not the project itself.
    for path in map(Path, sys.path):
        if path.name in ("site-packages", "dist-packages"):
            with (packages / "dependencies.pth").open("a") as file:
                file.write(f"{path}\n")
    run([*pip, "--python", python, "install", "--no-deps", "--force-reinstall", wheel], place)
    return environment / "bin", wheel


def test_the_wheel_has_the_configuration(installed):
    with zipfile.ZipFile(installed[1]) as file:
        names = {name for name in file.namelist() if name.endswith(".yaml")}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "conf").rglob("*.yaml")}
    assert names == {f"ocr/{name}" for name in files}


def test_every_command_and_a_search_away_from_the_checkout(tmp_path, installed):
    folder = tmp_path / "images"
    folder.mkdir()
    for caption in (f"{a}{b}{c}" for a in "12" for b in "12" for c in "1234"):
        draw(caption).save(folder / f"{caption}.png")
    command = installed[0] / "surrogate-ocr"
    for name in ("train", "read", "doctor", "folds", "curve", "suspects", "pack"):
        assert name in run([command, "--help"], tmp_path)
    assert "usage: surrogate-ocr" in run([command, "--help"], tmp_path)
    place = "import ocr; print(ocr.__file__)"
    assert str(installed[0].parent) in run([installed[0] / "python", "-c", place], tmp_path)
    words = ["train", "data=folder", "data.dir=images", *SMALL, "trainer.max_epochs=1"]
    words += ["data.min_images=1"]
    run([command, *words, "hydra.run.dir=run"], tmp_path)
    assert (tmp_path / "run" / "metrics.json").exists()
    assert (tmp_path / "run" / "train.log").exists()
    assert "images/111.png\t" in run([command, "read", "run/best.ckpt", "images"], tmp_path)
    search = ["-m", "hparams_search=optuna", "hydra.sweeper.n_trials=1", "hydra.sweeper.top_k=0"]
    run([command, *words, *search, "hydra.sweep.dir=sweep"], tmp_path)
    assert len((tmp_path / "sweep" / "trials.csv").read_text().splitlines()) == 2
