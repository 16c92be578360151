"""metrics.csv: one row per epoch, also for a run that is resumed in its own folder."""

import csv

import pytest
from pytorch_lightning import Trainer
from pytorch_lightning.utilities import rank_zero_only
from scripted import Scripted

from ocr.callbacks.csv_logger import COLUMNS, EpochCSVLogger
from ocr.callbacks.lr_monitor import LRMonitor
from ocr.callbacks.training_timer import TrainingTimer
from ocr.models.schedulers import onecycle


def rows(place):
    with (place / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def csv_logger(place, ckpt_path=None):
    return EpochCSVLogger(str(place), ckpt_path and str(place / ckpt_path))


def log_epoch(log, epoch, **others):
    """Log as Lightning does at the end of an epoch of ten steps."""
    step = 10 * epoch + 9
    log.log_metrics({"val/cer": 1 / (1 + epoch), "epoch": epoch}, step)
    log.log_metrics({"train/loss": 2.0, "lr": 0.1, "epoch": epoch, **others}, step)


@pytest.mark.parametrize("ckpt_path", [None, "last.ckpt"])
def test_only_the_first_rank_writes(tmp_path, monkeypatch, ckpt_path):
    before = b"epoch,val/cer\r\n0,0.5\r\n"
    (tmp_path / "metrics.csv").write_bytes(before)
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    log = csv_logger(tmp_path, ckpt_path)
    log.log_hyperparams({"symbols": "ab"})
    log_epoch(log, 0)
    assert (tmp_path / "metrics.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_hyperparameters_are_written(tmp_path):
    csv_logger(tmp_path).log_hyperparams({"symbols": "ab"})
    assert (tmp_path / "hparams.yaml").read_text() == "symbols: ab\n"


def test_rows_of_a_run_that_is_not_resumed_are_not_continued(tmp_path):
    log_epoch(csv_logger(tmp_path), 0)
    log_epoch(csv_logger(tmp_path), 1)
    assert [row["epoch"] for row in rows(tmp_path)] == ["2"]


@pytest.mark.parametrize("often", [{}, {"check_val_every_n_epoch": 2}, {"val_check_interval": 0.5}])
def test_each_epoch_has_one_row(tmp_path, often):
    def schedule(optimizer, steps):
        return onecycle(optimizer, steps, pct_start=0.1, pct_stay=0.2, div_factor=25)

    log = csv_logger(tmp_path)
    model = Scripted(lambda epoch: 1 / (1 + epoch), schedule)
    trainer = Trainer(
        max_epochs=4, logger=log, callbacks=[TrainingTimer(), LRMonitor()], accelerator="cpu",
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        log_every_n_steps=1, **often,
    )  # fmt: skip
    trainer.fit(model)
    trainer.validate(model, verbose=False)
    table = rows(tmp_path)
    assert tuple(table[0]) == COLUMNS
    assert [row["epoch"] for row in table] == ["1", "2", "3", "4"]
    assert [row["step"] for row in table] == ["4", "8", "12", "16"]
    validated = [bool(row["val/cer"]) for row in table]
    assert validated == [epoch % 2 == 0 or "check_val_every_n_epoch" not in often for epoch in
                         (1, 2, 3, 4)]  # fmt: skip
    assert [float(row["lr"]) for row in table] == pytest.approx(model.rates[3::4], rel=1e-5)
    assert all(row["train/seconds"] for row in table)
    assert log.rows[-1]["val/cer"] == table[-1]["val/cer"] == "0.25"


def test_rows_of_epochs_that_are_trained_again_are_replaced(tmp_path):
    first = csv_logger(tmp_path)
    for epoch in range(4):
        log_epoch(first, epoch)
    before = rows(tmp_path)
    again = csv_logger(tmp_path, "best.ckpt")
    log_epoch(again, 2, **{"of/another": 7})
    table = rows(tmp_path)
    assert [row["epoch"] for row in table] == ["1", "2", "3"]
    assert [{key: row[key] for key in before[0]} for row in table[:2]] == before[:2]
    assert [row["of/another"] for row in table] == ["", "", "7"]
    assert [*table[0]] == [*COLUMNS, "of/another"]


def test_test_scores_have_no_row(tmp_path):
    log = csv_logger(tmp_path)
    log_epoch(log, 0)
    log.log_metrics({"test/cer": 0.5, "train/loss": 1.0, "epoch": 1}, 9)
    assert len(rows(tmp_path)) == 1 and "test/cer" not in rows(tmp_path)[0]


def test_a_file_of_another_program_is_renamed(tmp_path):
    old = b"epoch,lr-AdamW/pg1,step,val/cer\r\n,0.1,0,\r\n0,,9,0.5\r\n"
    (tmp_path / "metrics.csv").write_bytes(old)
    log_epoch(csv_logger(tmp_path, "last.ckpt"), 1)
    assert (tmp_path / "metrics.1.csv").read_bytes() == old
    assert [row["epoch"] for row in rows(tmp_path)] == ["2"]


def test_a_killed_run_leaves_the_file_complete(tmp_path, monkeypatch):
    log = csv_logger(tmp_path)
    log_epoch(log, 0)
    before = (tmp_path / "metrics.csv").read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(csv.DictWriter, "writerows", killed)
    with pytest.raises(KeyboardInterrupt):
        log_epoch(log, 1)
    assert (tmp_path / "metrics.csv").read_bytes() == before
