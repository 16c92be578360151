"""Batches of captioned images, as Lightning asks for them."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from torch import nn
from torch.utils.data import DataLoader

from ocr.data.charset import Charset
from ocr.data.dataset import CaptionedImages
from ocr.data.images import Batch, Normalizer, blank_padding
from ocr.data.lookalikes import Lookalikes
from ocr.data.parallel import helpers
from ocr.data.preflight import ImageCache
from ocr.data.shuffle import ShuffledBatches, ShuffledLoader
from ocr.data.sources import Sample
from ocr.errors import UserError


class Loaders(LightningDataModule):
    """Serves `parts`, samples by part, once a subclass has filled it.

    normalizer, charset: what images and captions go through.
    batch_size: images in a training step, on each device.
    min_images: images in an epoch, at least; a small set is gone through several times.
    cache_mb: decoded images to hold in memory, in MiB; the others are decoded when needed.
    num_workers: processes that decode; None starts them only if the cache can't hold the set.
    lookalikes: the share of training images that are replaced, see `Lookalikes`.
    augment: called with the normalised images (B, C, H, W) of a training batch.
    """

    def __init__(
        self,
        normalizer: Normalizer,
        charset: Charset | None,
        *,
        batch_size: int,
        min_images: int,
        cache_mb: float,
        num_workers: int | None,
        lookalikes: float,
        augment: nn.Module | None,
    ) -> None:
        super().__init__()
        whole(1, batch_size=batch_size, min_images=min_images)
        if num_workers is not None:
            whole(0, num_workers=num_workers)
        self.normalizer = normalizer
        self.charset = charset
        self.batch_size = batch_size
        self.min_images = min_images
        self.cache = ImageCache(cache_mb)
        self.num_workers = num_workers
        self.lookalikes = Lookalikes(lookalikes)
        self.augment = augment
        self.parts: dict[str, Sequence[Sample]] = {}

    def dataset(self, part: str) -> CaptionedImages:
        """The images of "train", "val" or "test"."""
        return CaptionedImages(self.parts[part], self.normalizer, self.charset, self.cache)

    def train_dataloader(self) -> DataLoader:
        """Shuffled, every image `repeats` times; under several devices each takes its share."""
        dataset = self.dataset("train")
        dataset.repeats = self.repeats
        batches = ShuffledBatches(
            len(dataset),
            self.batch_size,
            self._world_size,
            self._rank,
            torch.initial_seed(),
            dataset.widths,
        )
        return ShuffledLoader(dataset, batches, self._batches_done, **self._loading(dataset))

    @property
    def repeats(self) -> int:
        """How often an epoch goes through the training images."""
        return max(1, ceil(self.min_images / len(self.parts["train"])))

    def val_dataloader(self) -> DataLoader:
        """From narrow to wide, every image once."""
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader:
        """From narrow to wide, every image once."""
        return self._evaluation_loader("test")

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Here and not in the workers, which don't learn where characters are."""
        return self.lookalikes(batch) if self.trainer.training else batch

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Normalise on the device, where it is cheapest; in training, augment."""
        images = self.normalizer.floats(batch.images, batch.widths)
        if self.augment is not None and self.trainer.training:
            images = blank_padding(self.augment(images), batch.widths)
        return batch._replace(images=images)

    @property
    def _world_size(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self.trainer else 0

    def _evaluation_loader(self, part: str) -> DataLoader:
        dataset = self.dataset(part)
        if len(dataset) < self._world_size:
            raise UserError(f"{len(dataset)} {part} images can't occupy {self._world_size} devices")
        # Lightning's own sampler would repeat images until all devices have equally many.
        share = range(self._rank, len(dataset), self._world_size)
        # Neighbours in width make batches without much padding.
        order = sorted(share, key=dataset.widths.__getitem__)
        return DataLoader(
            dataset, batch_size=self.batch_size, sampler=order, **self._loading(dataset)
        )

    def _batches_done(self) -> int:
        """Training batches of an epoch that is not over."""
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        done = progress.current.processed
        return 0 if progress.is_last_batch and done == progress.current.ready else done

    def _loading(self, dataset: CaptionedImages) -> dict[str, Any]:
        workers = self.num_workers
        if workers is None:
            held = self.cache.holds(dataset.samples, dataset.image(0).numel())
            workers = 0 if held else helpers()
        return {
            "collate_fn": dataset.collate,
            "num_workers": workers,
            "persistent_workers": workers > 0,
        }


def whole(least: int, **values: Any) -> None:
    """Raise UserError for a key of data whose value isn't a whole number of at least `least`."""
    for key, value in values.items():
        if not (isinstance(value, int) and value >= least):
            raise UserError(f"data.{key}={value}: give a whole number, {least} or more")
