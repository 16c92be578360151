import json
import shutil

import pytest
from conftest import draw
from trainings import failing, rows

from ocr.cli import main
from ocr.models.metrics import wilson_interval


@pytest.fixture
def arguments(folder, tmp_path):
    return ["folds", str(folder), "--folds", "3", "--out", str(tmp_path / "out"), "data.height=24"]


def test_every_image_is_read_once_and_scored(trainings, arguments, folder, tmp_path, capsys):
    stub = trainings(lambda sample, trained: sample.text.replace("33", "3"))
    main(arguments)
    assert len(stub.commands) == 3
    read = rows(tmp_path / "out" / "predictions.csv")
    assert [*read[0]] == ["file", "label", "reading", "confidence", "fold"]
    assert sorted(row["file"] for row in read) == sorted(path.name for path in folder.iterdir())
    assert {row["fold"] for row in read} == {"0", "1", "2"}
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    wrong = sum("33" in row["label"] for row in read)
    assert scores["images"] == 27 and scores["images_skipped"] == 0
    assert scores["exact_match"] == pytest.approx(1 - wrong / 27)
    assert scores["exact_match_ci95"] == pytest.approx(wilson_interval(1 - wrong / 27, 27))
    assert scores["cer"] == pytest.approx(wrong / 81)
    assert scores["cer_ci95"][0] <= scores["cer"] <= scores["cer_ci95"][1]
    assert sum(fold["images"] for fold in scores["folds"]) == 27
    assert "81.5%" in capsys.readouterr().out


def test_predictions_callback_is_required(trainings, arguments):
    stub = trainings()
    with pytest.raises(SystemExit, match=r"callbacks\.predictions=null"):
        main([*arguments, "callbacks.predictions=null"])
    assert not stub.commands


def test_finished_fold_is_not_trained_again(trainings, arguments, tmp_path):
    trainings()
    main(arguments)
    before = (tmp_path / "out" / "predictions.csv").read_text()
    (tmp_path / "out" / "fold_1_of_3_seed_0" / "metrics.json").unlink()
    stub = trainings()
    main(arguments)
    assert ["data.fold=1" in command for command in stub.commands] == [True]
    assert (tmp_path / "out" / "predictions.csv").read_text() == before


def test_runs_of_another_data_set_are_refused(trainings, arguments, folder, tmp_path, capsys):
    trainings()
    main(arguments)
    draw("12").save(folder / "12.png")
    assert "other captioned images" in failing(*arguments, capsys=capsys)
    (folder / "12.png").unlink()
    refused = failing(*arguments, "seed=3", capsys=capsys)
    assert "other overrides (data.height=24 then, data.height=24 seed=3 now)" in refused
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    assert "not empty" in failing(*arguments, capsys=capsys)


def test_failed_fold_is_reported_and_the_others_stay(trainings, arguments, tmp_path, capsys):
    trainings(fails=lambda settings: "no luck" if settings["data.fold"] == 1 else None)
    message = failing(*arguments, capsys=capsys)
    assert "fold 1: no luck" in message and "output.log" in message
    stub = trainings()
    main(arguments)
    assert len(stub.commands) == 2


def test_ctrl_c_prints_how_to_continue(trainings, arguments, tmp_path, capsys):
    def interrupt(settings):
        if settings["data.fold"] == 1:
            raise KeyboardInterrupt

    trainings(fails=interrupt)
    message = failing(*arguments, capsys=capsys)
    assert "1 of 3 are done" in message and f"--out {tmp_path / 'out'}" in message


@pytest.mark.parametrize(
    "words,expected",
    [
        (["data.fold=2"], "data.fold=2: this command sets that itself"),
        (["data.test_dir=x"], "data.test_dir=x: this command sets that itself"),
        (["data.heigth=3"], "data.heigth"),
        (["--folds", "1"], "1: give a whole number, 2 or more"),
        (["--folds", "40"], "27 different images (or groups) are too few for --folds 40"),
        (["--labels", "nowhere.csv"], "nowhere.csv"),
        (["--flods=3"], "--flods"),
        (["nonsense"], "nonsense"),
    ],
)
def test_mistakes_are_reported_before_training(trainings, arguments, words, expected, capsys):
    stub = trainings()
    message = failing(*arguments, *words, capsys=capsys)
    assert expected in message and "Traceback" not in message
    assert not stub.commands


def test_missing_folder_is_reported(trainings, capsys):
    trainings()
    assert "nowhere: no such folder" in failing("folds", "nowhere", capsys=capsys)


def test_abbreviated_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main([word.replace("--folds", "--fold") for word in arguments])
    assert end.value.code == 2 and "--fold" in capsys.readouterr().err
