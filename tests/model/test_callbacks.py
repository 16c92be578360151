"""What is said of a run that goes nowhere."""

import logging
import math
from types import SimpleNamespace

import pytest
import torch

from ocr.errors import UserError
from ocr.model.callbacks import HealthWatch


def watch(steps, loss=1.0, blanks=1.0):
    trainer = SimpleNamespace(global_step=steps, callback_metrics={"val/blanks": blanks})
    return trainer, {"loss": torch.tensor(loss)}


def test_blanks_for_too_long_are_told_once(caplog):
    caplog.set_level(logging.INFO, "ocr")
    health = HealthWatch(blank_steps=100)
    health.on_validation_end(watch(99)[0], None)
    health.on_validation_end(watch(150, blanks=0.9)[0], None)
    assert not caplog.messages
    health.on_validation_end(watch(200)[0], None)
    health.on_validation_end(watch(300)[0], None)
    assert len(caplog.messages) == 1
    assert "optimizer.lr" in caplog.messages[0]


def test_a_loss_that_stays_nan_ends_the_run():
    health = HealthWatch(blank_steps=100)
    for step, loss in enumerate([math.nan, math.inf, 1.0, math.nan, math.nan], start=1):
        trainer, outputs = watch(10 * step, loss)
        health.on_train_batch_end(trainer, None, outputs, None, 0)
    trainer, outputs = watch(60, math.nan)
    with pytest.raises(UserError, match=r"optimizer\.lr"):
        health.on_train_batch_end(trainer, None, outputs, None, 0)
