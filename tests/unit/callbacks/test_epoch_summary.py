"""The lines and the progress bar of a run, and the reason why it ended."""

import io
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
import rich
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import Timer
from scripted import Scripted

from ocr.callbacks import time_left
from ocr.callbacks.checkpointing import BestCheckpoint
from ocr.callbacks.early_stopping import AnnealedEarlyStopping
from ocr.callbacks.epoch_summary import EpochSummary
from ocr.callbacks.progress import ProgressBar
from ocr.callbacks.stop_reason import stop_reason
from ocr.callbacks.time_left import TimeLeft, format_rounded_duration
from ocr.models.schedulers import constant, onecycle


class Module(Scripted):
    """A module that logs losses as `Recognizer` does, and records why its training ended."""

    def __init__(self, score=lambda epoch: 1 / (1 + epoch), schedule=constant):
        super().__init__(score, schedule)

    def training_step(self, batch, batch_idx):
        self.log("loss", 1.2345, prog_bar=True)
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch, batch_idx):
        super().validation_step(batch, batch_idx)
        self.log("val/loss", 1.2345, prog_bar=True)
        self.log("val/exact_match", 0.5)

    def on_train_epoch_end(self):
        self.log("train/loss", 0.25)

    def on_fit_end(self):
        self.stopped = stop_reason(self.trainer)


class StopAfterEpoch(Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = True


def fit(place, model=None, callbacks=(), ckpt_path=None, patience=8, threshold=None, **settings):
    model = model or Module()
    best = BestCheckpoint(str(place), "val/cer", "min")
    stopping = AnnealedEarlyStopping(
        monitor="val/cer", patience=patience, stopping_threshold=threshold, strict=False
    )
    trainer = Trainer(
        callbacks=[best, stopping, EpochSummary(), *callbacks], accelerator="cpu", logger=False,
        enable_progress_bar=any(isinstance(c, ProgressBar) for c in callbacks),
        enable_model_summary=False, num_sanity_val_steps=1, **{"max_epochs": 3, **settings},
    )  # fmt: skip
    trainer.fit(model, ckpt_path=ckpt_path, weights_only=True)
    return model, best, trainer


@pytest.fixture
def printed(caplog, monkeypatch):
    caplog.set_level("INFO", "ocr")
    monkeypatch.setattr(TimeLeft, "format", lambda *_: "")

    def lines():
        return [record.getMessage() for record in caplog.records if record.name == "ocr"]

    return lambda: [re.sub(r"\d+\.\d s", "T", line) for line in lines()]


def test_each_epoch_has_a_line_with_its_scores_and_best_ckpt(tmp_path, printed):
    _, best, _ = fit(tmp_path, Module(lambda epoch: [0.5, 0.25, 0.375, 0.4][epoch]), max_epochs=4)
    assert printed() == [
        "Epoch 1/4  loss: 0.250  val/cer: 0.500  exact: 50.0%  T  best.ckpt",
        "Epoch 2/4  loss: 0.250  val/cer: 0.250  exact: 50.0%  T  best.ckpt",
        "Epoch 3/4  loss: 0.250  val/cer: 0.375  exact: 50.0%  T  no better: 1/8",
        "Epoch 4/4  loss: 0.250  val/cer: 0.400  exact: 50.0%  T  no better: 2/8",
    ]
    assert (best.epoch, best.step) == (2, 8)


def test_lines_for_fewer_and_for_more_validations_than_epochs(tmp_path, printed, caplog):
    fit(tmp_path, check_val_every_n_epoch=2)
    assert printed() == [
        "Epoch 1/3  loss: 0.250  T",
        "Epoch 2/3  loss: 0.250  val/cer: 0.500  exact: 50.0%  T  best.ckpt",
        "Epoch 3/3  loss: 0.250  T",
    ]
    caplog.clear()
    fit(tmp_path, Module(lambda epoch: 0.5), max_epochs=1, val_check_interval=0.5)
    assert [line[:20] for line in printed()] == ["Epoch 1/1 at 50%  va", "Epoch 1/1  loss: 0.2"]


def test_a_resumed_run_continues_the_epochs_and_keeps_its_best_one(tmp_path, printed, caplog):
    _, _, trainer = fit(tmp_path, Module(lambda epoch: [0.5, 0.25][epoch]), max_epochs=2)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    caplog.clear()
    model = Module(lambda epoch: 0.5)
    _, best, _ = fit(tmp_path, model, ckpt_path=tmp_path / "last.ckpt", max_epochs=3)
    assert [line[:10] for line in printed()] == ["Epoch 3/3 "]
    assert best.epoch == 2


def test_an_epoch_cut_short_before_its_validation_is_not_the_best(tmp_path):
    _, best, _ = fit(tmp_path, max_steps=6)
    assert (best.epoch, best.step) == (1, 4)


def test_the_reason_why_a_perfect_run_continues_is_printed_once(tmp_path, printed):
    fit(tmp_path, Module(lambda epoch: 0.0), max_epochs=5)
    perfect = [line for line in printed() if "can't improve" in line]
    assert len(perfect) == 1 and "stopping_threshold=1e-6" in perfect[0]
    assert "to its planned end (trainer.max_epochs=5)" in perfect[0]
    fit(tmp_path, Module(lambda epoch: 0.0), threshold=1e-6, max_epochs=5)
    assert sum("can't improve" in line for line in printed()) == 1


def test_a_validation_without_training_prints_nothing(tmp_path, printed):
    trainer = Trainer(callbacks=[EpochSummary()], logger=False, enable_progress_bar=False)
    trainer.validate(Module(), verbose=False)
    assert not printed()


def cycle(optimizer, steps):
    return onecycle(optimizer, steps, pct_start=0.1, pct_stay=0.5, div_factor=25)


@pytest.mark.parametrize(
    "word,words,model,settings",
    [
        ("max_epochs", "trainer.max_epochs=3", Module(), {}),
        ("max_steps", "trainer.max_steps=6", Module(), {"max_steps": 6}),
        ("max_steps", "trainer.max_steps=6", Module(), {"max_steps": 6, "max_epochs": -1}),
        ("max_time", "trainer.max_time", Module(), {"max_time": timedelta(0), "max_epochs": 900}),
        ("patience", "for 2 epochs", Module(lambda e: 0.5), {"patience": 2, "max_epochs": 90}),
        (
            "patience", "for 2 epochs", Module(lambda e: 0.5, cycle),
            {"patience": 2, "max_epochs": 90},
        ),
        # When the patience ends, lr already falls as planned.
        ("max_epochs", "=5", Module(lambda e: 0.5, cycle), {"patience": 4, "max_epochs": 5}),
        (
            "patience", "for 2 validations", Module(lambda e: 0.5),
            {"patience": 2, "max_epochs": 90, "val_check_interval": 0.5},
        ),
        ("threshold", "threshold=0.3", Module(), {"threshold": 0.3, "max_epochs": 90}),
        ("not_finite", "finite", Module(lambda e: float("nan")), {"max_epochs": 90}),
        ("stopped", "callback", Module(), {"callbacks": [StopAfterEpoch()]}),
    ],
)  # fmt: skip
def test_stop_reason(tmp_path, word, words, model, settings):
    model, _, _ = fit(tmp_path, model, **settings)
    assert model.stopped.code == word
    assert words in model.stopped.text


@pytest.fixture
def console():
    """A function that sets up Rich's console, and returns the file that Rich draws on."""
    before = rich.get_console().__dict__

    def set_up(**settings):
        rich.reconfigure(**settings)
        return settings["file"]

    yield set_up
    rich.get_console().__dict__ = before


def test_the_bar_fits_80_columns_and_has_the_time_left(tmp_path, console, monkeypatch):
    monkeypatch.setattr(time_left, "format_rounded_duration", lambda seconds: "11 h 59 min")
    monkeypatch.setattr(TimeLeft, "seconds", lambda *_: 9)
    terminal = {"file": io.StringIO(), "force_terminal": True, "width": 80}
    drawn = console(**terminal)
    bar = ProgressBar(refresh_rate=100, console_kwargs=terminal)
    monkeypatch.setattr(ProgressBar, "total_train_batches", 12345)
    fit(tmp_path, callbacks=[bar], max_epochs=1000, max_steps=6)
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.getvalue()))
    whole = r"Epoch 1/1000 \S+ +[1-4]/12345 at most 11 h 59 min left loss: 1\.23"
    assert any(re.match(whole, line) for line in lines), lines
    assert not any("Epoch 0" in line or "…" in line for line in lines)


def test_pipes_have_lines_and_no_bar(tmp_path, console, printed):
    drawn = console(file=io.StringIO(), force_terminal=False)
    fit(tmp_path, callbacks=[ProgressBar(refresh_rate=100)])
    assert len(printed()) == 3 and not drawn.getvalue()


def trainer_at(step, batches=10, validation=0, **others):
    values = {
        "global_step": step, "callbacks": [], "early_stopping_callback": None,
        "estimated_stepping_batches": 100, "num_training_batches": batches,
        "num_val_batches": [validation],
        "lr_scheduler_configs": [SimpleNamespace(scheduler=None)],
    }  # fmt: skip
    return SimpleNamespace(**values | others)


def test_time_left_covers_the_whole_run_with_its_validations(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time_left, "monotonic", lambda: now[0])
    left = TimeLeft()
    left.mark(trainer_at(0, validation=5))
    assert left.seconds(trainer_at(0)) is None and left.format(trainer_at(0)) == ""
    now[0] = 5.0  # after half of an epoch; the validation will take half as long as the training
    assert left.seconds(trainer_at(5)) == pytest.approx(100 * 1.5 - 5)
    now[0] = 20.0  # the epoch took 20 s, with its validation
    left.mark(trainer_at(10))
    assert left.seconds(trainer_at(10)) == pytest.approx(180)
    now[0] = 30.0  # during the validation
    assert left.seconds(trainer_at(20)) == pytest.approx(170)
    now[0] = 100.0  # steps have become slower
    assert left.seconds(trainer_at(20)) == pytest.approx(160)
    assert left.format(trainer_at(20)) == "about 3 min left"
    sooner = trainer_at(20, early_stopping_callback=object())
    assert left.format(sooner) == "at most 3 min left"
    left.mark(trainer_at(100))
    assert left.format(trainer_at(100)) == ""


def test_time_left_is_never_more_than_max_time(monkeypatch):
    left, timer = TimeLeft(), Timer(duration=timedelta(seconds=50))
    endless = trainer_at(0, estimated_stepping_batches=float("inf"), callbacks=[timer])
    left.mark(endless)
    assert left.format(endless) == "at most 50 s left"


@pytest.mark.parametrize(
    "seconds,words",
    [(0, "0 s"), (59.4, "59 s"), (61, "1 min"), (3540, "59 min"), (3599, "1 h 00 min"),
     (90_000, "25 h 00 min")],
)  # fmt: skip
def test_rounded_durations(seconds, words):
    assert format_rounded_duration(seconds) == words
