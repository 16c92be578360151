"""Every image is seen once per epoch, on any number of devices and after any resume."""

from collections import UserList

import numpy as np
import pytest
import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer

from ocr.callbacks.checkpointing import LastCheckpoint
from ocr.data.datamodule import OCRDataModule
from ocr.data.loader import Loader
from ocr.data.samplers import POOL, ShuffledBatchSampler, ShuffledLoader
from ocr.data.sources.image_folder import ImageFolder
from ocr.errors import UserError

EQUAL = np.array([50])  # widths


def on_devices(
    count: int, batch_size: int, devices: int, seed: int = 0, widths: np.ndarray = EQUAL
) -> list[ShuffledBatchSampler]:
    return [
        ShuffledBatchSampler(count, batch_size, devices, rank, seed, widths)
        for rank in range(devices)
    ]


@pytest.mark.parametrize("widths", [EQUAL, np.arange(7)])
@pytest.mark.parametrize("devices", [1, 2, 3])
@pytest.mark.parametrize("rest", [0, 1, 2, 3, 5, 11])
def test_all_devices_see_each_image_once_in_equally_many_steps(devices, rest, widths):
    count = 3 * 4 * devices + rest
    shares = [list(one) for one in on_devices(count, 4, devices, widths=widths)]
    assert sorted(i for share in shares for batch in share for i in batch) == [*range(count)]
    assert len({len(share) for share in shares}) == 1
    assert all(batch for share in shares for batch in share)
    assert {len(batch) for share in shares for batch in share[:-1]} <= {4}
    assert all(len(one) == len(share) for one, share in zip(on_devices(count, 4, devices), shares))


def test_each_epoch_and_each_seed_has_its_own_order():
    (batches,) = on_devices(50, 4, 1)
    (again,) = on_devices(50, 4, 1)
    (other,) = on_devices(50, 4, 1, seed=9)
    first, second = list(batches), list(batches)
    assert first != second
    assert [list(again), list(again)] == [first, second]
    assert list(other) != first


def test_a_batch_has_images_of_similar_width():
    widths = np.random.default_rng(0).integers(10, 1000, 1003)
    for devices in (1, 2):
        shares = [list(one) for one in on_devices(1003, 8, devices, widths=widths)]
        batches = [batch for share in shares for batch in share]
        padded = sum(len(batch) * widths[batch].max() for batch in batches)
        assert padded < 1.15 * widths.sum()
        first = [widths[batch].mean() for batch in shares[0]][:POOL]
        assert first != sorted(first)


def loader(count: int, done: int = 0, batch_size: int = 4, devices: int = 1, rank: int = 0, seed=0):
    batches = ShuffledBatchSampler(count, batch_size, devices, rank, seed, EQUAL)
    return ShuffledLoader(range(count), batches, lambda: done, collate_fn=list)


@pytest.mark.parametrize("devices,workers", [(1, 0), (2, 0), (1, 1)])
def test_a_resumed_epoch_has_the_images_not_yet_seen(devices, workers):
    seen = []
    for rank in range(devices):
        stopped = loader(45, done=3, devices=devices, rank=rank)
        list(stopped)  # the epoch before
        handed_out = iter(stopped)
        seen += [i for _ in range(3) for i in next(handed_out)]
        next(handed_out)  # loaded but not trained on
        batches = ShuffledBatchSampler(45, 4, devices, rank, 77, EQUAL)
        goes_on = ShuffledLoader(
            range(45), batches, lambda: 0, collate_fn=list, num_workers=workers
        )
        goes_on.load_state_dict(stopped.state_dict())
        seen += [i for batch in goes_on for i in batch]
        assert len(list(goes_on)) == len(goes_on)  # then a complete epoch
    assert sorted(seen) == [*range(45)]


def test_a_state_after_an_epoch_resumes_with_the_next():
    stopped, straight, goes_on = loader(20), loader(20), loader(20, seed=5)
    list(stopped), list(straight)
    goes_on.load_state_dict(stopped.state_dict())
    assert list(goes_on) == list(straight)


@pytest.mark.parametrize("change", [{"count": 44}, {"batch_size": 5}, {"devices": 2}])
def test_resuming_an_epoch_of_another_shape_is_refused(change):
    state = loader(45, done=3).state_dict()
    with pytest.raises(UserError, match="epoch of 45 images in batches of 4 on 1 device,"):
        loader(**{"count": 45, **change}).load_state_dict(state)
    loader(**{"count": 45, **change}).load_state_dict(loader(45, done=0).state_dict())


class Seen(LightningModule):
    """Records the images of each epoch."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.epochs = {}
        self.validated = []

    def training_step(self, batch, batch_idx):
        self.epochs.setdefault(self.current_epoch, []).extend(batch)
        return self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.validated.append(self.current_epoch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class NumberLoader(Loader):
    def _settings(self, dataset):
        return {"collate_fn": list, "num_workers": self.num_workers}


class Numbers(OCRDataModule):
    """30 numbers in batches of 4, with the hooks of the data module."""

    def __init__(self, num_workers):
        LightningDataModule.__init__(self)
        self.source = ImageFolder(dir="none")
        self.loader = NumberLoader(batch_size=4, num_workers=num_workers)
        self.parts = {"train": range(30)}

    def setup(self, stage=None):
        pass

    def dataset(self, part):
        dataset = UserList(range(30))
        dataset.widths = EQUAL
        return dataset

    def on_before_batch_transfer(self, batch, dataloader_idx):
        return batch

    on_after_batch_transfer = on_before_batch_transfer

    def val_dataloader(self):
        return [0]


class Killed(Callback):
    def __init__(self, step, error):
        self.step = step
        self.error = error

    def on_train_batch_start(self, trainer, *args):
        if trainer.global_step == self.step:
            raise self.error


def fit(place, *callbacks, ckpt_path=None, num_workers=0) -> Seen:
    model = Seen()
    trainer = Trainer(
        max_epochs=3,
        accelerator="cpu",
        callbacks=[LastCheckpoint(str(place), every_minutes=0), *callbacks],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    try:
        trainer.fit(model, Numbers(num_workers), ckpt_path=ckpt_path, weights_only=True)
    except (SystemExit, RuntimeError):
        assert callbacks
    return model


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("killed")])
@pytest.mark.parametrize("step,num_workers", [(3, 0), (8, 0), (11, 0), (11, 1), (15, 0), (16, 0)])
def test_training_resumes_with_the_images_not_yet_seen(tmp_path, error, step, num_workers, recwarn):
    first = fit(tmp_path, Killed(step, error), num_workers=num_workers)
    torch.manual_seed(5)
    second = fit(tmp_path / "more", ckpt_path=tmp_path / "last.ckpt", num_workers=num_workers)
    for epoch in range(3):
        seen = first.epochs.get(epoch, []) + second.epochs.get(epoch, [])
        assert sorted(seen) == [*range(30)], epoch
    assert sorted(first.validated + second.validated) == [0, 1, 2]
    assert not [w for w in recwarn if "resum" in str(w.message)]
