"""A callback that writes predictions.csv."""

from pathlib import Path
from typing import Any

import torch.distributed
from pytorch_lightning import Callback, LightningModule, Trainer

from ocr.data.manifest import Prediction, write_predictions
from ocr.data.text.bidi import to_visual
from ocr.models.reading import Reading


class Predictions(Callback):
    """Write the readings of the test images to predictions.csv, in the order of the test part.

    Args:
        dirpath: Folder of the file.
    """

    def __init__(self, dirpath: str) -> None:
        self.dirpath = Path(dirpath)
        self._readings: list[Reading] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Discard the readings of an earlier test."""
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
        """Keep the readings of a batch."""
        self._readings += outputs["readings"]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the readings of all ranks."""
        loader = trainer.test_dataloaders
        # With limit_test_batches there are fewer readings than images.
        by_index = dict(zip(loader.sampler, self._readings, strict=False))
        if trainer.world_size > 1:
            shares: list[dict[int, Reading]] = [{}] * trainer.world_size
            torch.distributed.all_gather_object(shares, by_index)
            by_index = {index: reading for share in shares for index, reading in share.items()}
        order = pl_module.charset.order
        rows = []
        for index, reading in sorted(by_index.items()):
            sample = loader.dataset.samples[index]
            text = match_caption_order(sample.text, reading.text, order)
            rows.append(Prediction(sample.name, sample.text, text, reading.confidence))
        write_predictions(self.dirpath, rows)


def match_caption_order(caption: str, text: str, order: str) -> str:
    """Return the caption if the text looks the same when displayed, else the text.

    Some right-to-left lines can be stored in two ways that look the same, see
    `ocr.data.text.bidi.to_logical`.

    Args:
        caption: The true text.
        text: The text that was read.
        order: Order of the characters, one of `ocr.data.text.bidi.ORDERS`.
    """
    return caption if to_visual(caption, order) == to_visual(text, order) else text
