"""Fixtures and helpers of all tests: a small config, a folder of images, and train.py."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

# Small networks gain nothing from threads, and more threads than cores slow each other down.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["COLUMNS"] = "200"  # the width of what is printed into files and pipes
# Background jobs of a shell and of nohup ignore Ctrl-C, and so would the processes that they start.
# A process resets a signal to its default if its parent has a handler for it.
signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from PIL import Image, ImageDraw, ImageFont
from scripts import omit_charts, run_script

from ocr.config.command_line import TRAIN
from ocr.config.instantiate import build
from ocr.config.resolvers import register_resolvers

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "data"

register_resolvers()


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def config(*overrides: str) -> DictConfig:
    """Compose the config of `python train.py OVERRIDES`."""
    with initialize_config_dir(str(ROOT / "conf")):
        composed = compose("train", overrides=list(overrides))
    composed.run = {"dir": "runs", "overrides": list(overrides)}
    return composed


def draw(text: str, size: tuple[int, int] = (60, 24)) -> Image.Image:
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((4, 2), text, fill=0, font=ImageFont.load_default(18))
    return image


CAPTIONS = [f"{a}{b}{c}" for a in "123" for b in "123" for c in "123"]


def draw_folder(place: Path) -> Path:
    """Draw 27 images, 111.png to 333.png."""
    place.mkdir()
    for caption in CAPTIONS:
        draw(caption).save(place / f"{caption}.png")
    return place


@pytest.fixture
def captions() -> list[str]:
    return [*CAPTIONS]


@pytest.fixture
def folder(tmp_path) -> Path:
    return draw_folder(tmp_path / "images")


@pytest.fixture
def no_charts(monkeypatch):
    """Searches of this process draw no charts, see `omit_charts`."""
    omit_charts(monkeypatch.setattr)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Path:
    """The folder of a finished run with `SMALL` values; its images are in `images` beside it.

    All tests share it, so they must not change it.
    """
    place = tmp_path_factory.mktemp("finished")
    images = draw_folder(place / "images")
    run, _, _ = trained("data=folder", f"data.dir={images}", *SMALL, cwd=place)
    return run


HEBREW = str.maketrans("123", "אבג")  # makes the captions right-to-left text

# Overrides for a run of a few seconds on two cores.
SMALL = (
    "data.height=24",
    "data.batch_size=8",
    "encoder.stride=4",
    "encoder.channels=8",
    "encoder.units=32",
    "recurrent.hidden_size=16",
    "trainer.max_epochs=2",
    "trainer.precision=32-true",
    "callbacks.learning_curves=null",  # half a second to load matplotlib
)

# The network of `checkpoint`, which differs from the default of conf/.
NETWORK = ("encoder=vgg", "encoder.num_layers=2", "recurrent=gru", "head=mlp", "head.units=24")
NORMALIZER = {
    "height": 24,
    "width": None,
    "channels": 1,
    "mean": 0.7,
    "std": 0.1,
    "polarity": "keep",
    "contrast": "keep",
    "grey": "luma",
    "frame": 0,
}


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    """A checkpoint of an untrained network with the charset "12x"."""
    return saved(config(*SMALL, *NETWORK).model, tmp_path / "old.ckpt")


def saved(network, path) -> Path:
    """Save a checkpoint of an untrained network with the config `network`, and return `path`."""
    values = OmegaConf.to_container(network, resolve=True)
    model = build(values, symbols="12x", preprocessor=NORMALIZER)
    torch.save({"hyper_parameters": dict(model.hparams), "state_dict": model.state_dict()}, path)
    return path


@pytest.fixture
def trainings(monkeypatch):
    """A function that replaces the training in `ocr.analysis.runs` by a `Trainings`."""
    from trainings import Trainings

    from ocr.analysis import runs

    def install(read=lambda sample, trained: sample.text, fails=lambda settings: None):
        stub = Trainings(read, fails)
        monkeypatch.setattr(runs, "run_task", stub)
        return stub

    return install


_started: list[subprocess.Popen] = []


@pytest.fixture(autouse=True)
def ended():
    """Kill the processes that a test has started, at its end."""
    yield
    while _started:
        process = _started.pop()
        with suppress(ProcessLookupError):  # its group has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start(*overrides: str, cwd: Path, env: dict | None = None, **how) -> subprocess.Popen:
    """Start train.py in a process group of its own, with stdout and stderr in one pipe."""
    return launch(
        [sys.executable, str(ROOT / "train.py"), *overrides],
        **{"cwd": cwd, "stderr": subprocess.STDOUT, "env": {**os.environ, **(env or {})}, **how},
    )


def launch(words: list[str], **how) -> subprocess.Popen:
    """Start a command in a process group of its own, which is killed at the end of the test."""
    process = subprocess.Popen(
        words, **{"stdout": subprocess.PIPE, "text": True, "start_new_session": True, **how}
    )
    _started.append(process)
    return process


def train(*overrides: str, cwd: Path, charts: bool = True) -> tuple[int, str]:
    """Run train.py, and return its exit code and output.

    The process is forked from a server that has torch loaded already. With a launcher it is a new
    interpreter, because the workers of some launchers wait for the end of one.
    """
    if any(override.startswith("hydra/launcher=") for override in overrides):
        process = start(*overrides, cwd=cwd)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output
    with TemporaryDirectory() as scratch:
        log = Path(scratch) / "output"
        failure = run_script([*TRAIN, *overrides], str(cwd), log, charts)
        return int(failure is not None), log.read_text()


def trained(*overrides: str, cwd: Path) -> tuple[Path, dict, str]:
    """Run train.py, which must succeed, and return the run folder, metrics.json and the output."""
    run = cwd / "run"
    code, output = train(*overrides, f"hydra.run.dir={run}", cwd=cwd)
    assert code == 0, output
    return run, json.loads((run / "metrics.json").read_text()), output


FINDING = {
    "kind", "severity", "message", "count", "examples", "effect", "fix", "commands",
}  # fmt: skip


@pytest.fixture
def doctor(capsys):
    """A function that returns the doctor's report on a folder, with its exit code as `code`."""

    from ocr import cli

    def report(folder: Path, *arguments: str) -> dict:
        code = 0
        try:
            cli.main(["doctor", str(folder), "--json", *arguments])
        except SystemExit as end:
            code = end.code
        whole = json.loads(capsys.readouterr().out)
        assert all(finding.keys() == FINDING for finding in whole["findings"])
        assert (whole["refusal"] is not None) == (code == 1)
        whole["findings"] = {finding["kind"]: finding for finding in whole["findings"]}
        return whole | {"code": code}

    return report
