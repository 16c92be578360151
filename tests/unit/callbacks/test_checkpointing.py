"""The epochs that best.ckpt and last.ckpt keep, with a trainer that does real steps."""

import logging

import pytest
import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer
from torch.utils.data import DataLoader

from ocr.callbacks.checkpointing import BestCheckpoint, LastCheckpoint
from ocr.callbacks.weight_averaging import EMAWeightAveraging
from ocr.data.dataset import CaptionedImages
from ocr.data.samples import Sample, Samples
from ocr.errors import UserError


class Scripted(LightningModule):
    """A module with one weight, which counts epochs, and given validation scores."""

    def __init__(self, scores, monitor="val/cer"):
        super().__init__()
        self.scores = scores
        self.monitor = monitor
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, batch_idx):
        return -self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.log(self.monitor, self.scores[self.current_epoch])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def train_dataloader(self):
        return DataLoader([0])

    val_dataloader = test_dataloader = train_dataloader

    def test_step(self, batch, batch_idx):
        self.log("test/weight", self.weight.item())


def fit(tmp_path, scores, *callbacks):
    model = Scripted(scores)
    best = BestCheckpoint(str(tmp_path), monitor="val/cer", mode="min")
    trainer = Trainer(
        max_epochs=len(scores),
        callbacks=[best, LastCheckpoint(str(tmp_path)), *callbacks],
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(model)
    return trainer, model, best


def weight_of(path):
    return torch.load(path, weights_only=True)["state_dict"]["weight"].item()


def test_best_ckpt_has_the_best_epoch_and_last_ckpt_the_last_one(tmp_path):
    _, _, best = fit(tmp_path, [0.5, 0.1, 0.3])
    assert weight_of(tmp_path / "best.ckpt") == 2
    assert weight_of(tmp_path / "last.ckpt") == 3
    assert best.scores == {"val/cer": pytest.approx(0.1)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.ckpt", "last.ckpt"]


def test_of_equal_epochs_the_latest_is_kept(tmp_path):
    fit(tmp_path, [0.5, 0.1, 0.1, 0.1, 0.2])
    assert weight_of(tmp_path / "best.ckpt") == 4


@pytest.mark.parametrize(
    "monitor,count,size,scores,kept",
    [
        ("val/cer", 10, 10, [0.5, 0.03, 0.04, 0.069, 0.08], 4),  # three mistakes, give or take four
        ("val/cer", 10, 10, [0.0, 0.019, 0.03], 2),
        ("val/cer", 10, 1000, [0.5, 0.03, 0.04], 2),
        ("val/cer", 10, 10, [2.0, 1.5, 1.6], 2),
        ("val/exact_match", 1, 50, [0.5, 1.0, 0.0], 3),  # any score of one image may be chance
        ("val/exact_match", 100, 5, [0.1, 0.08, 0.02], 2),
        ("val/loss", 10, 10, [0.5, 0.03, 0.031], 2),  # a loss has no standard error
    ],
)
def test_the_latest_epoch_within_two_standard_errors_is_kept(
    tmp_path, monitor, count, size, scores, kept
):
    class Data(LightningDataModule):
        def dataset(self, part):
            return CaptionedImages(
                Samples.from_rows([Sample("", "A" * size)] * count), None, None, None
            )

        train_dataloader = val_dataloader = Scripted.train_dataloader

    model = Scripted(scores, monitor)
    mode = "max" if monitor == "val/exact_match" else "min"
    best = BestCheckpoint(str(tmp_path), monitor=monitor, mode=mode)
    Trainer(
        max_epochs=len(scores),
        callbacks=[best],
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    ).fit(model, datamodule=Data())
    assert weight_of(tmp_path / "best.ckpt") == kept
    assert best.scores == {monitor: pytest.approx(scores[kept - 1])}
    state = torch.load(tmp_path / "best.ckpt", weights_only=True)["callbacks"][best.state_key]
    assert state["value"] == pytest.approx((max if mode == "max" else min)(scores[:kept]))


def test_the_averaged_weights_are_saved_and_tested(tmp_path):
    scores = [0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    trainer, model, _ = fit(tmp_path, scores, EMAWeightAveraging(decay=0.5))
    # The weights are 1, 2, ... after the steps; the average is updated by the first and the fifth.
    expected = 1 * 0.5**4 + 5 * (1 - 0.5**4)
    assert weight_of(tmp_path / "best.ckpt") == pytest.approx(expected)
    tested = trainer.test(
        model, ckpt_path=str(tmp_path / "best.ckpt"), verbose=False, weights_only=True
    )
    assert tested[0]["test/weight"] == pytest.approx(expected)


def test_a_checkpoint_that_is_only_tested_is_not_copied(tmp_path):
    fit(tmp_path / "first", [0.5, 0.1])
    taken = str(tmp_path / "first" / "best.ckpt")
    best = BestCheckpoint(str(tmp_path / "second"), monitor="val/cer", mode="min")
    best.use(taken)
    trainer = Trainer(callbacks=[best], accelerator="cpu", logger=False, enable_progress_bar=False)
    for _ in range(2):  # other ranks may still be reading it
        trainer.test(Scripted([0.5]), ckpt_path=best.path, verbose=False, weights_only=True)
    assert best.path == taken and not (tmp_path / "second").exists()


def test_every_minutes_saves_last_ckpt_within_an_epoch(tmp_path):
    class FindLastCkpt(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            found.append((tmp_path / "last.ckpt").exists())

    for minutes, expected in ((None, [False] * 3), (60, [False] * 3), (0, [False, True, True])):
        found = []
        trainer = Trainer(
            max_epochs=1,
            callbacks=[LastCheckpoint(str(tmp_path), every_minutes=minutes), FindLastCkpt()],
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(Scripted([0.1]), DataLoader([0, 0, 0]))
        assert found == expected
        (tmp_path / "last.ckpt").unlink()


def test_negative_every_minutes_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"callbacks\.last\.every_minutes=-1"):
        LastCheckpoint(str(tmp_path), every_minutes=-1)


class InterruptIn(Callback):
    """Raise KeyboardInterrupt when `hook` is called after the first epoch."""

    def __init__(self, hook):
        setattr(self, hook, self._interrupt)

    def _interrupt(self, trainer, *_):
        if trainer.current_epoch > 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("hook", "where"),
    [("on_train_batch_start", "stopped in epoch 2."), ("on_train_end", "after the last epoch.")],
)
def test_an_interrupted_run_reports_where_it_stopped(tmp_path, caplog, hook, where):
    caplog.set_level(logging.INFO, "ocr")
    with pytest.raises(SystemExit):
        fit(tmp_path, [0.9, 0.8], InterruptIn(hook))
    assert where in caplog.text
    assert f"ckpt_path={tmp_path / 'last.ckpt'}" in caplog.text
