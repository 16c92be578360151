"""A run that still reads nothing continues with a lower learning rate."""

import logging

import pytest
from pytorch_lightning import Trainer
from scripted import Scripted

from ocr.callbacks.lr_backoff import LRBackoff
from ocr.errors import UserError
from ocr.models.schedulers import constant, cosine, onecycle, plateau

EPOCHS = 10


class ReadsFrom(Scripted):
    """A module that reads something from epoch `begins` on."""

    def __init__(self, begins, schedule):
        super().__init__(None, schedule)
        self.begins = begins

    def validation_step(self, batch, batch_idx):
        reads = self.current_epoch >= self.begins and not self.trainer.sanity_checking
        self.log("val/cer", 0.5 if reads else 1.0)
        self.log("val/exact_match", 0.1 if reads else 0.0)


def trainer_with(lr_backoff, sanity=0):
    return Trainer(
        max_epochs=EPOCHS,
        num_sanity_val_steps=sanity,
        callbacks=[lr_backoff],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def cycle(optimizer, steps):
    return onecycle(optimizer, steps, pct_start=0.1, pct_stay=0.5, div_factor=25)


def half_cosine(optimizer, steps):
    return cosine(optimizer, steps, final_factor=0.1)


def on_plateau(optimizer, steps):
    return plateau(optimizer, steps, monitor="val/cer", factor=0.5, patience=EPOCHS)


def rates(begins, schedule=constant, steps=10, checkpoint=None, sanity=0):
    model = ReadsFrom(begins, schedule)
    trainer = trainer_with(LRBackoff(steps=steps, factor=0.25), sanity)
    trainer.fit(model, ckpt_path=checkpoint, weights_only=True)
    return trainer, model.rates


@pytest.mark.parametrize("schedule", [cycle, constant, half_cosine, on_plateau])
def test_lr_is_lowered_once(schedule, caplog):
    caplog.set_level(logging.INFO, "ocr")
    _, planned = rates(0, schedule)
    _, lowered = rates(EPOCHS, schedule)
    # Ten steps are over at the end of the third epoch, after twelve steps.
    assert lowered[:12] == planned[:12]
    assert lowered[12:] == pytest.approx([rate / 4 for rate in planned[12:]])
    assert caplog.text.count("callbacks.lr_backoff") == 1


def test_a_run_that_reads_in_time_keeps_its_lr():
    assert rates(2)[1] == rates(0)[1] == [1.0] * 4 * EPOCHS


@pytest.mark.parametrize("schedule", [cycle, constant, half_cosine, on_plateau])
@pytest.mark.parametrize("epoch", [1, 5])  # interrupted before lr is lowered, and after
def test_a_resumed_run_continues_with_the_lowered_lr(tmp_path, schedule, epoch):
    _, whole = rates(EPOCHS, schedule)
    trainer = trainer_with(LRBackoff(steps=10, factor=0.25))
    model = StopsAfter(epoch, schedule)
    trainer.fit(model)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    _, rest = rates(EPOCHS, schedule, checkpoint=tmp_path / "last.ckpt")
    assert model.rates + rest == pytest.approx(whole)


class StopsAfter(ReadsFrom):
    """A module that reads nothing, and whose training ends after an epoch."""

    def __init__(self, epoch, schedule):
        super().__init__(EPOCHS, schedule)
        self.epoch = epoch

    def on_train_epoch_end(self):
        self.trainer.should_stop = self.current_epoch + 1 == self.epoch


def test_a_validation_without_training_lowers_nothing(caplog):
    caplog.set_level(logging.INFO, "ocr")
    trainer_with(LRBackoff(steps=0, factor=0.25)).validate(
        ReadsFrom(EPOCHS, constant), verbose=False
    )
    assert "lr" not in caplog.text


def test_the_sanity_check_lowers_nothing():
    assert rates(0, steps=0, sanity=1)[1] == [1.0] * 4 * EPOCHS


def test_the_last_validation_lowers_nothing(caplog):
    caplog.set_level(logging.INFO, "ocr")
    rates(EPOCHS, steps=4 * EPOCHS - 3)
    assert "lr" not in caplog.text


def test_steps_must_be_a_number():
    with pytest.raises(UserError, match=r"callbacks\.lr_backoff=null"):
        LRBackoff(steps=None, factor=0.5)


@pytest.mark.parametrize("factor", [0, -1, 1.5])
def test_a_factor_must_lower_the_lr(factor):
    with pytest.raises(UserError, match=r"callbacks\.lr_backoff\.factor"):
        LRBackoff(steps=1, factor=factor)
