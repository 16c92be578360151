"""A checkpoint reads alone: no conf/, no training data."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import SMALL, trained
from PIL import Image

from ocr import Reader
from ocr.errors import UserError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Synthetic data of two symbols is learnt in seconds."""
    place = tmp_path_factory.mktemp("reader")
    folder, _, _ = trained(
        "data.count=300",
        "data.symbols=AX",
        "data.length=3",
        *SMALL,
        "trainer.max_epochs=5",
        "optimizer.lr=2e-2",
        cwd=place,
    )
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    from ocr.data.sources.synthetic import SyntheticCaptchas

    place = tmp_path_factory.mktemp("images")
    captchas = SyntheticCaptchas(
        count=70, symbols="AX", length=3, image_width=160, image_height=60, seed=99
    )
    for i, name in enumerate(captchas.names):
        captchas.draw(i).save(place / f"{name}.png")
    return sorted(place.iterdir())


def caption(path):
    return path.stem.rpartition("-")[2]


def test_it_reads(run, images):
    readings = Reader.load(run / "best.ckpt").read(images)
    right = sum(reading.text == caption(path) for reading, path in zip(readings, images))
    assert right >= 0.9 * len(images)
    assert all(0 <= reading.confidence <= 1.0001 for reading in readings)


def test_every_kind_of_source_reads_the_same(run, images):
    reader = Reader.load(run / "best.ckpt")
    path = images[0]
    picture = Image.open(path).convert("RGB")
    sources = [path, str(path), path.read_bytes(), picture, np.array(picture)]
    texts = {reading.text for reading in reader.read(sources)}
    assert texts == {reader.read(path)[0].text}


def test_neighbours_in_a_batch_change_no_text(run, images):
    reader = Reader.load(run / "best.ckpt")
    wide = Image.open(images[1]).resize((320, 60))
    alone = [reader.read(path)[0].text for path in images[:8]]
    beside = [reading.text for reading in reader.read([*images[:8], wide])[:8]]
    assert alone == beside


def test_an_image_too_narrow_to_read_is_not_trusted(run):
    reading = Reader.load(run / "best.ckpt").read(np.zeros((60, 1), np.uint8))[0]
    assert (reading.text, reading.confidence) == ("", 0.0)


@pytest.mark.parametrize("order,text", [("rtl", "\u05d1\u05d0"), ("visual", "\u05d0\u05d1")])
def test_a_checkpoint_knows_the_order_of_its_captions(checkpoint, order, text):
    saved = torch.load(checkpoint, weights_only=True)
    saved["hyper_parameters"] |= {"symbols": "\u05d0\u05d1x", "order": order}
    torch.save(saved, checkpoint)
    assert Reader.load(checkpoint).charset.decode([1, 2]) == text


def test_nothing_to_read(run):
    assert Reader.load(run / "best.ckpt").read([]) == []


def test_an_unreadable_image_is_named(run, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG nonsense")
    with pytest.raises(UserError, match=r"broken\.png"):
        Reader.load(run / "best.ckpt").read([broken])


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint", pickle.dumps({"state_dict": {}}), pickle.dumps(print)],
)
def test_what_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "best.ckpt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"best\.ckpt"):
        Reader.load(path)


def test_a_run_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(UserError, match=r"a folder; give the best\.ckpt in it"):
        Reader.load(tmp_path)


@pytest.mark.parametrize(
    "target",
    [
        {"_target_": "os.mkdir", "path": "mark"},
        {"_target_": "pytorch_lightning.loggers.CSVLogger", "save_dir": "mark"},
        {"_target_": "ocr.models.encoders.Conv", "num_layers": {"_target_": "os.mkdir"}},
    ],
)
def test_a_checkpoint_runs_no_code(run, tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    saved = torch.load(run / "best.ckpt", weights_only=True)
    saved["hyper_parameters"]["encoder"] = target
    torch.save(saved, tmp_path / "evil.ckpt")
    with pytest.raises(UserError, match=r"evil\.ckpt"):
        Reader.load(tmp_path / "evil.ckpt")
    assert not (tmp_path / "mark").exists()


def read(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "ocr", "read", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_command_in_a_fresh_process_from_another_folder(run, images, tmp_path):
    readings = Reader.load(run / "best.ckpt").read(images)
    done = read(run / "best.ckpt", images[0].parent, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    expected = [f"{path}\t{reading.text}" for path, reading in zip(images, readings)]
    assert done.stdout.splitlines() == expected

    done = read("--json", run / "best.ckpt", *images[:2], cwd=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["text"] for line in lines] == [reading.text for reading in readings[:2]]
    assert set(lines[0]) == {"path", "text", "confidence"}


def test_command_names_the_image_that_it_cannot_read_and_reads_the_others(run, images, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(images[0].read_bytes()[:200])
    done = read(run / "best.ckpt", images[0], broken, images[1], cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2
    assert "broken.png" in done.stderr
    assert "Traceback" not in done.stderr


def test_command_without_a_checkpoint(tmp_path):
    done = read("nowhere.ckpt", "x.png", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["error: nowhere.ckpt: No such file or directory"]


def test_the_package_imports_without_torch():
    program = (
        "import sys, ocr.reader, ocr.models.reading\n"
        "heavy = {'torch', 'pytorch_lightning', 'hydra', 'omegaconf', 'torchmetrics'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
