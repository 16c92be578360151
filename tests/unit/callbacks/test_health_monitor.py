"""Reports about runs that don't learn, and the training time."""

import logging
import math
from types import SimpleNamespace

import pytest
import torch

from ocr.callbacks.health_monitor import HealthMonitor
from ocr.callbacks.training_timer import TrainingTimer
from ocr.errors import UserError


def watch(steps, loss=1.0, blanks=1.0):
    """Return a trainer after `steps` steps, and the outputs of its latest step."""
    trainer = SimpleNamespace(global_step=steps, callback_metrics={"val/blanks": blanks})
    return trainer, {"loss": torch.tensor(loss)}


def test_an_all_blank_output_is_reported_once(caplog):
    caplog.set_level(logging.INFO, "ocr")
    health = HealthMonitor(blank_steps=100)
    health.on_validation_end(watch(99)[0], None)
    health.on_validation_end(watch(150, blanks=0.9)[0], None)
    assert not caplog.messages
    health.on_validation_end(watch(200)[0], None)
    health.on_validation_end(watch(300)[0], None)
    assert len(caplog.messages) == 1
    assert "optimizer.lr" in caplog.messages[0]
    HealthMonitor(blank_steps=None).on_validation_end(watch(10**6)[0], None)
    assert len(caplog.messages) == 1


def test_a_loss_that_stays_nan_ends_the_run():
    health = HealthMonitor(blank_steps=100)
    for step, loss in enumerate([math.nan, math.inf, 1.0, math.nan, math.nan], start=1):
        trainer, outputs = watch(10 * step, loss)
        health.on_train_batch_end(trainer, None, outputs, None, 0)
    trainer, outputs = watch(60, math.nan)
    with pytest.raises(UserError, match=r"optimizer\.lr"):
        health.on_train_batch_end(trainer, None, outputs, None, 0)


@pytest.mark.parametrize(
    "load,workers,reported", [(1.9, 0, False), (4.2, 0, True), (4.2, 2, False), (None, 0, False)]
)
def test_an_overloaded_machine_is_reported_once(monkeypatch, caplog, load, workers, reported):
    caplog.set_level(logging.INFO, "ocr")
    now = [0.0]
    monkeypatch.setattr("ocr.callbacks.health_monitor.monotonic", lambda: now[0])

    def average():
        if load is None:
            raise OSError("load average was unobtainable")
        return load, 9, 9

    monkeypatch.setattr("os.getloadavg", average)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    health = HealthMonitor(blank_steps=100)
    trainer, outputs = watch(10)
    trainer.train_dataloader = SimpleNamespace(num_workers=workers)
    health.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))
    for now[0] in (1.0, 59.0):  # the average doesn't contain the load of this run yet
        health.on_train_batch_end(trainer, None, outputs, None, 0)
    assert not caplog.messages
    for now[0] in (61.0, 200.0):
        health.on_train_batch_end(trainer, None, outputs, None, 0)
    assert ["threads=1" in message for message in caplog.messages] == [True] * reported


def test_with_one_thread_only_unused_cores_are_reported(monkeypatch, caplog):
    caplog.set_level(logging.INFO, "ocr")
    monkeypatch.setattr("os.getloadavg", lambda: (99, 99, 99))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    health = HealthMonitor(blank_steps=100)
    trainer, outputs = watch(10)
    trainer.train_dataloader = None
    health.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))
    monkeypatch.setattr("ocr.callbacks.health_monitor.monotonic", lambda: 1e9)
    health.on_train_batch_end(trainer, None, outputs, None, 0)
    [message] = caplog.messages
    assert "1 thread" in message and "2 cores" in message and "threads=" in message


def test_the_timer_continues_in_an_epoch_resumed_midway(monkeypatch):
    clock = 0.0
    monkeypatch.setattr("ocr.callbacks.training_timer.monotonic", lambda: clock)
    first, second = TrainingTimer(), TrainingTimer()
    logs = SimpleNamespace(log=lambda *args, **kwargs: None)
    first.on_fit_start(None, None)
    first.on_train_start(None, None)
    clock = 5.0
    first.on_train_epoch_end(None, logs)
    second.load_state_dict(first.state_dict())
    clock = 100.0
    second.on_fit_start(None, None)
    second.on_train_start(None, None)  # Lightning calls no on_train_epoch_start
    clock = 103.0
    second.on_train_epoch_end(None, logs)
    second.on_fit_end(None, None)
    assert second.state_dict()["seconds"] == second.fit_seconds == 8
