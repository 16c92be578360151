"""What a run read in its test part, image by image."""

from pathlib import Path
from typing import Any

import torch.distributed
from pytorch_lightning import Callback, LightningModule, Trainer

from ocr.data.manifest import Prediction, write_predictions
from ocr.data.text.bidi import to_visual
from ocr.models.reading import Reading


class Predictions(Callback):
    """predictions.csv, in the order of the test part."""

    def __init__(self, dirpath: str) -> None:
        self.dirpath = Path(dirpath)
        self._readings: list[Reading] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget an earlier test."""
        self._readings = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: dict[str, list[Reading]],
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Note what the batch says."""
        self._readings += outputs["readings"]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what all devices have read."""
        loader = trainer.test_dataloaders
        # A limited test (limit_test_batches) ends before the order does.
        found = dict(zip(loader.sampler, self._readings, strict=False))
        if trainer.world_size > 1:
            shares: list[dict[int, Reading]] = [{}] * trainer.world_size
            torch.distributed.all_gather_object(shares, found)
            found = {index: reading for share in shares for index, reading in share.items()}
        order = pl_module.charset.order
        rows = []
        for i, reading in sorted(found.items()):
            sample = loader.dataset.samples[i]
            text = to_logical_caption(sample.text, reading.text, order)
            rows.append(Prediction(sample.name, sample.text, text, reading.confidence))
        write_predictions(self.dirpath, rows)


def to_logical_caption(caption: str, text: str, order: str) -> str:
    """The reading `text`; the `caption` itself if both stand on paper alike, see `spoken`."""
    return caption if to_visual(caption, order) == to_visual(text, order) else text
