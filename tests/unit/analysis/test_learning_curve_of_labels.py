import json
from zlib import crc32

import pytest
from conftest import draw
from PIL import Image
from trainings import failing, rows

from ocr.cli import main


@pytest.fixture
def many(tmp_path):
    """A folder of 200 images."""
    place = tmp_path / "many"
    place.mkdir()
    for number in range(200):
        image = draw(f"{number:03}")
        image.putpixel((0, 0), number)
        image.save(place / f"{number:03}.png")
    return place


def learner(sample, trained):
    """Read an image right unless it is too hard for the number of labels: error 8 n^-0.8."""
    hard = crc32(sample.text.encode()) / 2**32
    return sample.text if hard >= 8 * trained**-0.8 else ""


def test_forecast_covers_the_true_accuracy(trainings, many, tmp_path, capsys):
    stub = trainings(learner)
    out = tmp_path / "out"
    arguments = ["curve", str(many), "--out", str(out), "data.height=24", "data.test_size=0.4"]
    main(arguments)
    assert len(stub.commands) == 5
    found = json.loads((out / "curve.json").read_text())
    labels = [row["labels"] for row in found["sizes"]]
    assert labels[0] == pytest.approx(labels[-1] / 8, abs=1)
    twice = found["forecast"][0]
    low, high = twice["exact_match_ci95"]
    assert twice["labels"] == 2 * labels[-1]
    assert low < 1 - 8 * twice["labels"] ** -0.8 < high
    assert found["law"].keys() == {"a", "b", "c"}
    assert "with twice the labels" in capsys.readouterr().out
    with Image.open(out / "curve.png") as picture:
        assert picture.width > 500
    main(arguments)
    assert len(stub.commands) == 5


def test_subsets_are_nested_and_share_their_test_images(trainings, many, tmp_path):
    trainings(learner)
    out = tmp_path / "out"
    main(["curve", str(many), "data.height=24", "--sizes", "40", "80,160", "--out", str(out),
          "--seeds", "2"])  # fmt: skip
    parts = {
        size: [rows(out / f"labels_{size}_seed_{seed}" / "split.csv") for seed in (0, 1)]
        for size in (40, 80, 160)
    }

    def names(split, part):
        return {row["file"] for row in split if row["part"] == part}

    for part in ("val", "test"):
        assert len({frozenset(names(s, part)) for both in parts.values() for s in both}) == 1
    few, more, most = (names(parts[size][0], "train") for size in (40, 80, 160))
    assert few < more < most and len(most) == 160
    assert names(parts[40][1], "train") == few


def test_too_few_sizes_give_no_forecast(trainings, many, tmp_path, capsys):
    trainings(learner)
    out = tmp_path / "out"
    main(["curve", str(many), "--sizes", "80", "160", "data.height=24", "--out", str(out)])
    assert "no forecast: it needs 4 sizes" in capsys.readouterr().out
    found = json.loads((out / "curve.json").read_text())
    assert found["forecast"] == [] and "4 sizes" in found["no_forecast"]
    assert (out / "curve.png").exists()


@pytest.mark.parametrize(
    "words,expected",
    [
        (["--sizes", "0"], "--sizes: give numbers from 1 to"),
        (["--sizes", "999"], "--sizes: give numbers from 1 to"),
        (["--sizes", "many"], "--sizes many"),
        (["data.train_images=3"], "data.train_images=3: this command sets that itself"),
        (["data.test_size=0"], "data.test_size=0"),
    ],
)
def test_mistakes_are_reported_before_training(trainings, folder, words, expected, capsys):
    stub = trainings()
    assert expected in failing("curve", str(folder), *words, capsys=capsys)
    assert not stub.commands
