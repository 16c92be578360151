import json
import math
import shutil
from itertools import product
from types import SimpleNamespace

import pytest
import torch
from conftest import draw
from test_folds import rows

from ocr.cli import main
from ocr.data.lists import Prediction
from ocr.measure.suspects import contradicted
from ocr.reader import Reading


class Oracle:
    """A reader that gives texts the probabilities it is told, and reads the most probable."""

    def __init__(self, beliefs: dict[str, dict[str, float]]) -> None:
        self.beliefs = beliefs
        self.normalizer = SimpleNamespace(decode=lambda file: file)

    def read_decoded(self, images):
        best = [max(self.beliefs[image].items(), key=lambda pair: pair[1]) for image in images]
        return [Reading(text, value) for text, value in best]

    def log_probabilities(self, images, texts):
        return [
            [math.log(self.beliefs[image].get(text, 1e-9)) for text in some]
            for image, some in zip(images, texts)
        ]


def test_what_one_reader_alone_misreads_is_less_suspect():
    rows = [Prediction(name, "ab", "", 0) for name in ("agreed", "split", "right", "wrong")]
    first = Oracle({
        "agreed": {"ab": 0.02, "aB": 0.9}, "split": {"ab": 0.001, "aB": 0.9},
        "right": {"ab": 0.9, "aB": 0.1}, "wrong": {"ab": 0.4, "aB": 0.5},
    })  # fmt: skip
    second = Oracle({
        "agreed": {"ab": 0.02, "aB": 0.9}, "split": {"ab": 0.3, "aB": 0.6},
        "right": {"ab": 0.9, "aB": 0.1}, "wrong": {"ab": 0.6, "aB": 0.2},
    })  # fmt: skip
    found = {one.file: one for one in contradicted(rows, [first, second])}
    assert found.keys() == {"agreed", "split"}  # "wrong" is 0.5 against 0.35 for the caption
    assert found["agreed"].reading == "aB" and found["agreed"].confidence == pytest.approx(0.9)
    assert found["agreed"].margin == pytest.approx(math.log(45))
    assert found["split"].margin == pytest.approx(math.log(0.75 / 0.1505))
    assert len(contradicted(rows, [first])) == 3


@pytest.fixture
def half_trained(trainings, checkpoint, monkeypatch):
    """Training leaves an untrained network that reads "12x"."""
    stub = trainings(lambda sample, trained: "")
    run = type(stub).__call__

    def and_checkpoint(self, command, cwd, log):
        reason = run(self, command, cwd, log)
        place = command[-1].partition("=")[2].strip("'")
        shutil.copyfile(checkpoint, f"{place}/best.ckpt")
        return reason

    monkeypatch.setattr(type(stub), "__call__", and_checkpoint)
    return stub


@pytest.fixture
def strange(tmp_path):
    """Images whose captions HTML, CSV and JSON must not take for their own."""
    place = tmp_path / "images"
    place.mkdir()
    lines = ["file,label"]
    for letters in product("12x", repeat=3):
        text = "".join(letters)
        draw(text).save(place / f"{text} & <b>.png")
        lines.append(f"{text} & <b>.png,{text}")
    (place / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return place


def test_suspects_as_json_table_and_page(half_trained, strange, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["suspects", str(strange), "--folds", "2", "--out", str(out), "data.height=24"]
    main([*arguments, "--json"])
    output = capsys.readouterr()
    lines = [json.loads(line) for line in output.out.splitlines()]
    assert lines and all([*one] == ["file", "label", "reading", "confidence"] for one in lines)
    names = {path.name for path in strange.glob("*.png")}
    assert {one["file"] for one in lines} <= names
    assert all(0 <= one["confidence"] <= 1 and one["label"] != one["reading"] for one in lines)
    listed = rows(out / "suspects.csv")
    assert [row["file"] for row in listed] == [one["file"] for one in lines]
    margins = [float(row["margin"]) for row in listed]
    assert margins == sorted(margins, reverse=True) and margins[-1] > 0
    page = (out / "suspects.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == len(lines)
    assert "&amp; &lt;b&gt;.png" in page and "<b>" not in page
    assert "http" not in page
    trained = len(half_trained.commands)
    main(arguments)
    assert len(half_trained.commands) == trained == 2
    assert "caption" in capsys.readouterr().out


def test_folds_that_are_trained_serve_both_commands(half_trained, strange, tmp_path):
    common = [str(strange), "--folds", "2", "--out", str(tmp_path / "out"), "data.height=24"]
    main(["folds", *common])
    main(["suspects", *common])
    assert len(half_trained.commands) == 2


def test_the_reader_scores_any_text(checkpoint):
    from ocr.reader import Reader

    reader = Reader.load(checkpoint)
    images = [reader.normalizer.decode(draw("12")), reader.normalizer.decode(draw("1", (90, 24)))]
    read = reader.read_decoded(images)
    scored = reader.log_probabilities(images, [[read[0].text, "12x"], [read[1].text]])
    assert math.exp(scored[0][0]) == pytest.approx(read[0].confidence, rel=1e-4)
    assert math.exp(scored[1][0]) == pytest.approx(read[1].confidence, rel=1e-4)
    assert math.isfinite(scored[0][1])
    assert reader.log_probabilities(images[:1], [["1x" * 40]]) == [[-torch.inf]]
