"""What tests share: one small config, a folder of images, and train.py as a person starts it."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

# Small networks gain nothing from threads, and threads that outnumber the cores lose a lot.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["COLUMNS"] = "200"  # of what is printed into files and pipes
# A shell has its background jobs ignore Ctrl-C, nohup's, too, and what they start inherits that; of
# a signal that is handled here, what is started does what it does by default.
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
    """The config of `python train.py OVERRIDES`."""
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
    """27 images, 111.png to 333.png."""
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
    """As `omit_charts`, in this process."""
    omit_charts(monkeypatch.setattr)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Path:
    """A run that must not be changed, of the images in `images` beside it, with `SMALL` values."""
    place = tmp_path_factory.mktemp("finished")
    images = draw_folder(place / "images")
    run, _, _ = trained("data=folder", f"data.dir={images}", *SMALL, cwd=place)
    return run


HEBREW = str.maketrans("123", "אבג")  # captions that are spoken from right to left

# Small, and short: a few seconds on two cores.
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

# Of `checkpoint`, and not what conf/ would make.
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
    """As a run leaves it, of an untrained network that knows "12x"."""
    return saved(config(*SMALL, *NETWORK).model, tmp_path / "old.ckpt")


def saved(network, path) -> Path:
    """A checkpoint of the untrained `network`, at `path`."""
    values = OmegaConf.to_container(network, resolve=True)
    model = build(values, symbols="12x", preprocessor=NORMALIZER)
    torch.save({"hyper_parameters": dict(model.hparams), "state_dict": model.state_dict()}, path)
    return path


@pytest.fixture
def trainings(monkeypatch):
    """Takes the place of training in `ocr.measure`: `trainings(read, fails)`."""
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
    """What a test has started ends with it, whatever happens."""
    yield
    while _started:
        process = _started.pop()
        with suppress(ProcessLookupError):  # nobody is left of its group
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start(*overrides: str, cwd: Path, env: dict | None = None, **how) -> subprocess.Popen:
    """train.py in a process and a process group of its own, with its output in one pipe."""
    return launch(
        [sys.executable, str(ROOT / "train.py"), *overrides],
        **{"cwd": cwd, "stderr": subprocess.STDOUT, "env": {**os.environ, **(env or {})}, **how},
    )


def launch(words: list[str], **how) -> subprocess.Popen:
    """A command in a process group of its own, which ends with the test at the latest."""
    process = subprocess.Popen(
        words, **{"stdout": subprocess.PIPE, "text": True, "start_new_session": True, **how}
    )
    _started.append(process)
    return process


def train(*overrides: str, cwd: Path, charts: bool = True) -> tuple[int, str]:
    """Exit code and output of train.py.

    Forked from a server that has torch loaded already; but the workers of some launchers wait for
    the end of a whole interpreter.
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
    """Run folder, metrics.json and output of a run that must succeed."""
    run = cwd / "run"
    code, output = train(*overrides, f"hydra.run.dir={run}", cwd=cwd)
    assert code == 0, output
    return run, json.loads((run / "metrics.json").read_text()), output


FINDING = {
    "kind", "severity", "message", "count", "examples", "effect", "fix", "commands",
}  # fmt: skip


@pytest.fixture
def doctor(capsys):
    """The report on a folder, after looking whether it is one; `code` is the exit code."""

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
