import json
import math
import shutil
from itertools import product
from types import SimpleNamespace

import pytest
import torch
from conftest import draw
from trainings import rows

from ocr.analysis.confusions import Confusions, find_confusions
from ocr.analysis.label_errors import find_label_issues, score_texts
from ocr.cli import main
from ocr.data.manifest import Prediction
from ocr.reader import Reading


class Oracle:
    """A reader with given probabilities of texts that reads the most probable one."""

    def __init__(self, beliefs: dict[str, dict[str, float]]) -> None:
        self.beliefs = beliefs
        self.preprocessor = SimpleNamespace(decode=lambda file: file)

    def read_decoded(self, images):
        best = [max(self.beliefs[image].items(), key=lambda pair: pair[1]) for image in images]
        return [Reading(text, value) for text, value in best]

    def log_probabilities(self, images, texts):
        return [
            [math.log(self.beliefs[image].get(text, 1e-9)) for text in some]
            for image, some in zip(images, texts)
        ]


def predictions(labels: dict[str, str]) -> list[Prediction]:
    return [Prediction(file, label, "", 0) for file, label in labels.items()]


def test_probabilities_are_means_over_the_models():
    rows = predictions(dict.fromkeys(("agreed", "split", "right", "wrong"), "ab"))
    first = Oracle({
        "agreed": {"ab": 0.02, "aB": 0.9}, "split": {"ab": 0.001, "aB": 0.9},
        "right": {"ab": 0.9, "aB": 0.1}, "wrong": {"ab": 0.4, "aB": 0.5},
    })  # fmt: skip
    second = Oracle({
        "agreed": {"ab": 0.02, "aB": 0.9}, "split": {"ab": 0.3, "aB": 0.6},
        "right": {"ab": 0.9, "aB": 0.1}, "wrong": {"ab": 0.6, "aB": 0.2},
    })  # fmt: skip
    both = {one.file: one for one in score_texts(rows, [first, second])}
    contradicted = {file for file, one in both.items() if one.reading != "ab"}
    assert contradicted == {"agreed", "split"}  # "wrong" is 0.35 against 0.5 for the caption
    assert math.exp(both["agreed"].log_confidence) == pytest.approx(0.9)
    assert math.exp(both["split"].log_self_confidence) == pytest.approx(0.1505)
    assert sum(one.reading != "ab" for one in score_texts(rows, [first])) == 3


def test_frequent_confusion_that_the_model_learned_is_found():
    labels = {f"sure{i}": "Fa" for i in range(4)} | {"learnt": "bF", "fine": "Fc"}
    labels |= {f"plain{i}": f"a{i}" for i in range(9)} | {"hard": "a9", "swapped": "xyz"}
    beliefs = {file: {label: 0.99} for file, label in labels.items()}
    beliefs |= {f"sure{i}": {"Fa": 0.05, "fa": 0.9} for i in range(4)}
    beliefs |= {"learnt": {"bF": 0.75, "bf": 0.24}, "hard": {"a9": 0.2, "a8": 0.3}}
    beliefs |= {"swapped": {"xyz": 1e-12, "klm": 0.9}}
    found = find_label_issues([predictions(labels)], [lambda: [Oracle(beliefs)]])
    files = [one.file for one in found]
    assert files[0] == "swapped"
    assert set(files[1:5]) == {f"sure{i}" for i in range(4)}
    assert files[5:] == ["learnt", "hard"]  # and not "fine", whose F is beyond doubt
    learnt = found[5]
    assert (learnt.reading, learnt.confidence) == ("bf", pytest.approx(0.24))


def test_confusions_are_counted_and_give_log_odds():
    assert find_confusions("Fab", "fab") == {("F", "f")}
    assert find_confusions("FFab", "ffab") == {("F", "f")}
    assert find_confusions("a1b2", "c1d2") == {("a", "c"), ("b", "d")}
    assert find_confusions("568b", "568db") == {("", "d")}
    assert find_confusions("ab", "ab") == set()
    pairs = [("Fa", "fa")] * 4 + [("Fb", "Fb")] * 2 + [("ca", "cb")] + [("ca", "ca")] * 93
    known = Confusions(pairs)
    assert known.corrections("aFF") == ["aff"]
    assert known.corrections("ca") == []  # once is not frequent
    assert known.log_odds("Fa", "fa", counted=True) == pytest.approx(math.log(3.1 / 3))
    assert known.log_odds("Fb", "fb", counted=False) == pytest.approx(math.log(4.1 / 2))
    assert known.log_odds("ca", "cb", counted=True) == pytest.approx(-math.log(100))
    assert known.log_odds("ca", "xyz", counted=False) == pytest.approx(-math.log(100))


@pytest.fixture
def half_trained(trainings, checkpoint, monkeypatch):
    """Let training write an untrained network that reads "12x"."""
    stub = trainings(lambda sample, trained: "")
    run = type(stub).__call__

    def and_checkpoint(self, task, command, cwd, log):
        reason = run(self, task, command, cwd, log)
        place = command[-1].partition("=")[2].strip("'")
        shutil.copyfile(checkpoint, f"{place}/best.ckpt")
        return reason

    monkeypatch.setattr(type(stub), "__call__", and_checkpoint)
    return stub


@pytest.fixture
def strange(tmp_path):
    """Images whose names need escaping in HTML, CSV and JSON."""
    place = tmp_path / "images"
    place.mkdir()
    lines = ["file,label"]
    for letters in product("12x", repeat=3):
        text = "".join(letters)
        draw(text).save(place / f"{text} & <b>.png")
        lines.append(f"{text} & <b>.png,{text}")
    (place / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return place


def test_suspects_are_written_as_json_and_page(
    half_trained, strange, tmp_path, capsys, monkeypatch
):
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
    log_odds = [float(row["log_odds"]) for row in listed]
    assert log_odds == sorted(log_odds, reverse=True)
    page = (out / "suspects.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == len(lines)
    assert "&amp; &lt;b&gt;.png" in page and "<b>" not in page
    assert "http" not in page
    trained = len(half_trained.commands)
    monkeypatch.setattr("ocr.analysis.label_errors.MAX_PRINTED", len(lines) - 1)
    main(arguments)
    assert len(half_trained.commands) == trained == 2
    output = capsys.readouterr()
    assert "caption" in output.out
    assert "and 1 more, all in" in output.out + output.err


def test_both_commands_use_the_same_trained_folds(half_trained, strange, tmp_path):
    common = [str(strange), "--folds", "2", "--out", str(tmp_path / "out"), "data.height=24"]
    main(["folds", *common])
    main(["suspects", *common])
    assert len(half_trained.commands) == 2


def test_log_probabilities_of_given_texts_match_the_confidence(checkpoint):
    from ocr.reader import Reader

    reader = Reader.load(checkpoint)
    images = [
        reader.preprocessor.decode(draw("12")),
        reader.preprocessor.decode(draw("1", (90, 24))),
    ]
    read = reader.read_decoded(images)
    scored = reader.log_probabilities(images, [[read[0].text, "12x"], [read[1].text]])
    assert math.exp(scored[0][0]) == pytest.approx(read[0].confidence, rel=1e-4)
    assert math.exp(scored[1][0]) == pytest.approx(read[1].confidence, rel=1e-4)
    assert math.isfinite(scored[0][1])
    assert reader.log_probabilities(images[:1], [["1x" * 40]]) == [[-torch.inf]]
