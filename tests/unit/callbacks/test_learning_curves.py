"""curves.png."""

from types import SimpleNamespace

import pytest
from PIL import Image

from ocr.callbacks.csv_logger import EpochCSVLogger
from ocr.callbacks.learning_curves import LearningCurves, plot


def row(epoch, **others):
    values = {"train/loss": 3 / epoch, "val/loss": 2 / epoch, "val/cer": 1 / epoch, "lr": 1e-3}
    return {"epoch": epoch, "val/exact_match": 0.5, **values, **others}


NAN, INFINITE, EMPTY = {"val/loss": float("nan")}, {"train/loss": "inf"}, {"val/cer": ""}
ROWS = {
    "one": [row(1)],
    "many": [row(epoch) for epoch in range(1, 200)],
    "no mistakes": [row(1), row(2, **{"val/cer": 0.0}), row(3, **{"val/cer": "0"})],
    "only zeros": [row(1, **{"val/cer": 0.0}), row(2, **{"val/cer": 0.0})],
    "not finite": [row(1, **NAN), row(2, **INFINITE), row(3, **NAN)],
    "not validated": [row(1, **EMPTY), row(2), row(3, **EMPTY), {"epoch": "4"}],
    "no values": [{"epoch": "1"}, {"epoch": "2"}],
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("best", [None, 1])
def test_every_run_can_be_plotted(tmp_path, rows, best):
    figure = plot(rows, best)
    figure.savefig(tmp_path / "x.png")
    assert [axes.get_title().split()[0] for axes in figure.axes] == [
        "loss", "character", "exact", "learning",
    ]  # fmt: skip
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["training", "validation"] + ["best.ckpt: epoch 1"] * (best is not None)


@pytest.mark.parametrize(
    "rows,scale,points",
    [("many", "log", 199), ("no mistakes", "symlog", 3), ("not validated", "log", 1)],
)
def test_errors_have_a_logarithmic_axis_that_includes_0(rows, scale, points):
    axes = plot(ROWS[rows], None).axes[1]
    [line] = axes.get_lines()
    assert axes.get_yscale() == scale
    assert len(line.get_ydata()) == points
    assert axes.get_ylim()[0] <= min(line.get_ydata())


def trainer_with_logger(place):
    log = EpochCSVLogger(str(place), None)
    log.log_metrics({"train/loss": 1.0, "val/cer": 0.5, "epoch": 0}, 9)
    return SimpleNamespace(loggers=[log], checkpoint_callbacks=[])


def test_a_failed_plot_is_reported_and_does_not_end_the_run(tmp_path, caplog, monkeypatch):
    caplog.set_level("INFO", "ocr")
    trainer = trainer_with_logger(tmp_path)
    LearningCurves(str(tmp_path)).on_fit_end(trainer, None)
    assert Image.open(tmp_path / "curves.png").width == 900 and not caplog.messages
    LearningCurves(str(tmp_path / "nowhere")).on_fit_end(trainer, None)
    [message] = caplog.messages
    assert "curves.png" in message and "FileNotFoundError" in message


def test_without_rows_there_is_no_plot(tmp_path):
    for loggers in ([], [EpochCSVLogger(str(tmp_path), None)]):
        trainer = SimpleNamespace(loggers=loggers, checkpoint_callbacks=[])
        LearningCurves(str(tmp_path)).on_fit_end(trainer, None)
    assert not (tmp_path / "curves.png").exists()
