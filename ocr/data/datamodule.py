"""The LightningDataModule: batches of captioned images for training and evaluation."""

from typing import Any

from pytorch_lightning import LightningDataModule
from torch import nn
from torch.utils.data import DataLoader

from ocr.data.augmentation.splicing import Splicing
from ocr.data.captioned_data import CaptionedData
from ocr.data.collate import Batch, blank_padding
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.loader import Loader
from ocr.data.sources.sample_source import SampleSource
from ocr.data.split import Splitter


class OCRDataModule(CaptionedData, LightningDataModule):
    """`CaptionedData` with Lightning's hooks.

    Args:
        source, preprocessor, splitter, loader, settings: See `CaptionedData`.
        splicing: The share of training images to replace, see `Splicing`.
        augment: Distorts the normalized images (B, C, H, W) of a training batch; None: no
            augmentation.
    """

    def __init__(
        self,
        source: SampleSource,
        preprocessor: Preprocessor,
        splitter: Splitter,
        loader: Loader,
        *,
        splicing: float = 0.0,
        augment: nn.Module | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(source, preprocessor, splitter, loader, **settings)
        self.splicing = Splicing(splicing)
        self.augment = augment

    def prepare_data(self) -> None:
        """Download missing images; Lightning calls this once per machine."""
        self.source.prepare()

    def train_dataloader(self) -> DataLoader:
        """Return batches of this device's share of the training images, shuffled."""
        return self.loader.training(
            self.dataset("train"), self._devices, self._rank, self._batches_done
        )

    def val_dataloader(self) -> DataLoader:
        """Return batches of this device's share of the validation images, each image once."""
        return self.loader.evaluation(self.dataset("val"), self._devices, self._rank, "val")

    def test_dataloader(self) -> DataLoader:
        """Return batches of this device's share of the test images, each image once."""
        return self.loader.evaluation(self.dataset("test"), self._devices, self._rank, "test")

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Splice training images; worker processes can't, as they have no character positions."""
        return self.splicing(batch) if self._training else batch

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Normalize the images on the device, and augment them in training."""
        images = self.preprocessor.normalize(batch.images, batch.widths)
        if self.augment is not None and self._training:
            images = blank_padding(self.augment(images), batch.widths)
        return batch._replace(images=images)

    @property
    def _training(self) -> bool:
        return self.trainer is not None and self.trainer.training

    @property
    def _devices(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self.trainer else 0

    def _batches_done(self) -> int:
        """Return the number of batches trained on in the current epoch; 0 after its last one."""
        if self.trainer is None:
            return 0
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        done = progress.current.processed
        return 0 if progress.is_last_batch and done == progress.current.ready else done
