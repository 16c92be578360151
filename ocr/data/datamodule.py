"""Batches of captioned images, as Lightning asks for them."""

from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from torch import nn
from torch.utils.data import DataLoader

from ocr.data.augmentation.splicing import Splicing
from ocr.data.collate import Batch, blank_padding, collate
from ocr.data.dataset import CaptionedImages
from ocr.data.parallel import helpers
from ocr.data.parts import Parts
from ocr.data.samplers import ShuffledBatchSampler, ShuffledLoader
from ocr.errors import UserError
from ocr.pluralize import pluralize


class DataModule(Parts, LightningDataModule):
    """Serves the parts.

    splicing: the share of training images that are replaced, see `Splicing`.
    augment: called with the normalised images (B, C, H, W) of a training batch.
    others: see `Parts`.
    """

    def __init__(self, *, splicing: float, augment: nn.Module | None, **others: Any) -> None:
        super().__init__(**others)
        self.splicing = Splicing(splicing)
        self.augment = augment

    def train_dataloader(self) -> DataLoader:
        """Shuffled, every image `repeats` times; under several devices each takes its share."""
        dataset = self.dataset("train")
        dataset.repeats = self.repeats
        self._occupied(len(dataset), "train")
        batches = ShuffledBatchSampler(
            len(dataset),
            self.batch_size,
            self._world_size,
            self._rank,
            torch.initial_seed(),
            dataset.widths,
        )
        return ShuffledLoader(dataset, batches, self._batches_done, **self._loading(dataset))

    def val_dataloader(self) -> DataLoader:
        """From narrow to wide, every image once."""
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader:
        """From narrow to wide, every image once."""
        return self._evaluation_loader("test")

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Here and not in the workers, which don't learn where characters are."""
        return self.splicing(batch) if self.trainer.training else batch

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Normalise on the device, where it is cheapest; in training, augment."""
        images = self.preprocessor.normalize(batch.images, batch.widths)
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
        self._occupied(len(dataset), part)
        # Lightning's own sampler would repeat images until all devices have equally many.
        share = range(self._rank, len(dataset), self._world_size)
        # Neighbours in width make batches without much padding.
        order = sorted(share, key=dataset.widths.__getitem__)
        return DataLoader(
            dataset, batch_size=self.batch_size, sampler=order, **self._loading(dataset)
        )

    def _occupied(self, count: int, part: str) -> None:
        if count < self._world_size:
            images = pluralize(count, f"{part} image")
            raise UserError(f"{images} can't occupy {self._world_size} devices")

    def _batches_done(self) -> int:
        """Training batches of an epoch that is not over."""
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        done = progress.current.processed
        return 0 if progress.is_last_batch and done == progress.current.ready else done

    def _loading(self, dataset: CaptionedImages) -> dict[str, Any]:
        workers = self.num_workers
        if workers is None:
            held = self.cache.holds(dataset.samples, dataset.image(0).nbytes)
            workers = 0 if held else helpers()
        return {
            "collate_fn": collate,
            "num_workers": workers,
            "persistent_workers": workers > 0,
        }
