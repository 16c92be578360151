"""A run without improvement ends after its learning rate has fallen."""

import logging
from math import ceil

import pytest
from pytorch_lightning import Callback, Trainer
from scripted import Scripted

from ocr.callbacks.early_stopping import AnnealedEarlyStopping
from ocr.errors import UserError
from ocr.models.schedulers import constant, onecycle

EPOCHS = 100
TRAINER = ("val_check_interval", "check_val_every_n_epoch", "max_steps")


class StopAfter(Callback):
    """Stop a run after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_validation_end(self, trainer, pl_module):
        trainer.should_stop |= trainer.current_epoch + 1 == self.epoch


def cycle(optimizer, steps):
    return onecycle(optimizer, steps, pct_start=0.1, pct_stay=0.5, div_factor=25)


def fit(
    score, schedule=cycle, checkpoint=None, stop_at=None, max_epochs=EPOCHS, model=None, **settings
):
    model = model or Scripted(score, schedule)
    trainer_settings = {key: settings.pop(key) for key in TRAINER if key in settings}
    stopping = AnnealedEarlyStopping(monitor="val/cer", **{"patience": 8, **settings})
    trainer = Trainer(
        max_epochs=max_epochs,
        **trainer_settings,
        callbacks=[StopAfter(stop_at), stopping],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(model, ckpt_path=checkpoint, weights_only=True)
    return trainer, model.rates


def until(epoch):
    """Return a score that improves until an epoch."""
    return lambda now: 1 / (1 + min(now, epoch))


class ConstantMistakes(Scripted):
    """A module that misreads `wrong` of 50 validation images in every epoch."""

    def __init__(self, wrong):
        super().__init__(None, cycle)
        self.wrong = wrong

    def validation_step(self, batch, batch_idx):
        self.log("val/cer", self.wrong / 100)
        self.log("val/exact_match", 1 - self.wrong / 50)
        self.log("val/images", 50.0)


@pytest.mark.parametrize("wrong,patience", [(0, 4), (1, 4), (2, 8), (40, 8)])
def test_patience_is_shorter_for_near_perfect_scores(wrong, patience):
    trainer, _ = fit(None, model=ConstantMistakes(wrong), patience_if_perfect=0.5)
    # The patience ends after 1 + patience epochs, the first 60 % of the run if the fall is whole.
    fall = (0.5 if patience == 4 else 1) * (1 / 0.6 - 1)
    assert trainer.current_epoch == ceil((1 + patience) * (1 + fall))


@pytest.mark.parametrize("share", [0, 2])
def test_patience_if_perfect_must_be_a_share(share):
    refused = rf"callbacks\.early_stopping\.patience_if_perfect={share}"
    with pytest.raises(UserError, match=refused):
        AnnealedEarlyStopping(monitor="val/cer", patience_if_perfect=share)


def test_lr_falls_after_the_patience_and_the_run_ends_with_it():
    trainer, rates = fit(until(4))
    # The patience ends after 13 epochs: 60 % of a run of 22.
    assert trainer.current_epoch == 22
    assert rates[52:] == sorted(rates[52:], reverse=True)
    assert rates[51] == 1.0 and rates[70] == pytest.approx(0.5, abs=0.05) and rates[-1] < 0.01


def test_a_rising_lr_falls_from_its_current_value():
    def slow(optimizer, steps):
        return onecycle(optimizer, steps, pct_start=0.3, pct_stay=0.3, div_factor=25)

    trainer, rates = fit(until(0), slow)
    top = rates.index(max(rates))
    assert trainer.current_epoch == 15 and 30 <= top <= 40 and rates[top] < 0.3
    assert rates[top:] == sorted(rates[top:], reverse=True) and rates[-1] < 0.01


@pytest.mark.parametrize(
    "settings",
    [
        {"val_check_interval": 2},  # twice per epoch
        {"check_val_every_n_epoch": 3},
        {"max_epochs": -1, "max_steps": 4 * EPOCHS},
    ],
)
def test_the_run_ends_with_the_fall_for_any_validation_interval(settings):
    trainer, rates = fit(until(0), **settings)
    down = next(i for i, rate in enumerate(rates) if i > 20 and rate < 0.01)
    assert down - 2 <= trainer.global_step <= down + 4 * settings.get("check_val_every_n_epoch", 1)
    assert trainer.global_step < 3 * EPOCHS


def test_a_run_whose_lr_already_falls_ends_as_planned():
    trainer, rates = fit(until(70))
    assert trainer.current_epoch == EPOCHS
    assert rates == fit(until(EPOCHS))[1]


def test_other_schedules_stop_at_once():
    trainer, _ = fit(until(4), constant)
    assert trainer.current_epoch == 13


def test_stopping_threshold_ends_the_run_at_once():
    trainer, _ = fit(until(50), stopping_threshold=0.11)
    assert trainer.current_epoch == 10


@pytest.mark.parametrize("stop_at", [6, 17])  # before lr falls, and while it falls
def test_a_resumed_run_ends_like_an_uninterrupted_one(tmp_path, stop_at):
    whole, rates = fit(until(4))
    part, first = fit(until(4), stop_at=stop_at)
    part.save_checkpoint(tmp_path / "last.ckpt")
    rest, second = fit(until(4), checkpoint=tmp_path / "last.ckpt")
    assert rest.current_epoch == whole.current_epoch
    assert first + second == pytest.approx(rates)


class PerfectFrom(ConstantMistakes):
    """A module that misreads ten images before `epoch`, and then none."""

    def __init__(self, epoch):
        super().__init__(10)
        self.epoch = epoch

    def validation_step(self, batch, batch_idx):
        self.wrong = 10 if self.current_epoch < self.epoch else 0
        super().validation_step(batch, batch_idx)


# Perfect before lr falls, or while it falls; stopped when the patience ends, or later.
@pytest.mark.parametrize("perfect,stop_at", [(3, 7), (3, 8), (11, 9), (11, 13)])
def test_a_resumed_near_perfect_run_ends_like_an_uninterrupted_one(tmp_path, perfect, stop_at):
    settings = {"patience_if_perfect": 0.3}
    whole, rates = fit(None, model=PerfectFrom(perfect), **settings)
    part, first = fit(None, model=PerfectFrom(perfect), stop_at=stop_at, **settings)
    assert part.current_epoch == stop_at
    part.save_checkpoint(tmp_path / "last.ckpt")
    rest, second = fit(
        None, model=PerfectFrom(perfect), checkpoint=tmp_path / "last.ckpt", **settings
    )
    assert rest.current_epoch == whole.current_epoch
    assert first + second == pytest.approx(rates)


def test_patience_0_anneals_after_one_epoch_without_improvement():
    trainer, rates = fit(until(0), patience=0)
    assert trainer.current_epoch == 4 and rates[-1] < 0.5


def test_a_run_resumed_for_more_epochs_gets_a_longer_schedule(tmp_path):
    part, _ = fit(until(EPOCHS), max_epochs=20)
    part.save_checkpoint(tmp_path / "last.ckpt")
    rest, rates = fit(until(EPOCHS), checkpoint=tmp_path / "last.ckpt", max_epochs=50)
    assert rest.current_epoch == 50
    assert rates[4:40] == [1.0] * 36 and rates[-1] < 0.01


def test_resuming_a_stopped_run_suggests_init_from(tmp_path, caplog):
    whole, _ = fit(until(4))
    whole.save_checkpoint(tmp_path / "last.ckpt")
    caplog.set_level(logging.INFO, "ocr")
    rest, rates = fit(until(4), checkpoint=tmp_path / "last.ckpt", max_epochs=2 * EPOCHS)
    assert rates == [] and rest.current_epoch == whole.current_epoch
    assert "init_from" in caplog.text


class ReadsBetween(Scripted):
    """A module that reads something from epoch `begins` until epoch `ends`."""

    def __init__(self, begins, ends=EPOCHS):
        super().__init__(None, cycle)
        self.begins = begins
        self.ends = ends

    def validation_step(self, batch, batch_idx):
        reads = self.begins <= self.current_epoch < self.ends
        self.log("val/cer", 0.5 if reads else 1.0)
        self.log("val/exact_match", 0.1 if reads else 0.0)


@pytest.mark.parametrize("ends", [22, EPOCHS])
def test_patience_is_counted_from_the_first_reading(ends):
    trainer, rates = fit(None, model=ReadsBetween(20, ends))
    # The patience of eight epochs ends after epoch 29, and lr falls from there on.
    assert rates[4 * 29 - 1] == 1.0 and rates[4 * 29 + 4] < 1.0
    assert trainer.current_epoch < EPOCHS


@pytest.mark.parametrize("reads", [(2, 5), (20, EPOCHS)])
def test_a_resumed_run_remembers_whether_it_has_read(tmp_path, reads):
    whole, rates = fit(None, model=ReadsBetween(*reads))
    part, first = fit(None, model=ReadsBetween(*reads), stop_at=7)
    part.save_checkpoint(tmp_path / "last.ckpt")
    rest, second = fit(None, model=ReadsBetween(*reads), checkpoint=tmp_path / "last.ckpt")
    assert rest.current_epoch == whole.current_epoch < EPOCHS
    assert first + second == pytest.approx(rates)
