"""Where in an image its characters are: CTC says so, once it reads them."""

from itertools import groupby
from operator import itemgetter

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from ocr.data.augmentation.splicing import CharacterPositions
from ocr.data.collate import collate
from ocr.data.text.charset import BLANK

BATCH = 64  # images aligned at once


def peaks(logits: torch.Tensor, lengths: torch.Tensor) -> list[list[tuple[int, float]]]:
    """What the best path of (B, T, K) reads, as `ocr.models.ctc.best_path`: each id and its step.

    The step is the middle of those that say it, counted from 0.
    """
    read = []
    for steps, length in zip(logits.argmax(-1).tolist(), lengths.tolist(), strict=True):
        runs = groupby(enumerate(steps[:length]), itemgetter(1))
        runs = [(i, [step for step, _ in run]) for i, run in runs]
        read.append([(i, (run[0] + run[-1]) / 2) for i, run in runs if i != BLANK])
    return read


class CharacterAlignment(Callback):
    """Tells the data where the characters of its training images are, if it makes look-alikes.

    After each validation those images are looked at of which it isn't known. Only the ones that
    are read as their captions say can be trusted.
    """

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Read, without augmentation."""
        data = trainer.datamodule
        if trainer.state.fn != TrainerFn.FITTING or not data.splicing.share:
            return
        dataset = data.dataset("train")
        left = [i for i in range(len(dataset)) if i not in data.splicing]
        left.sort(key=dataset.widths.__getitem__)
        found = {}
        for start in range(0, len(left), BATCH):
            batch = collate([dataset[i] for i in left[start : start + BATCH]])
            widths = batch.widths.to(pl_module.device)
            images = data.preprocessor.normalize(batch.images.to(pl_module.device), widths)
            with trainer.precision_plugin.forward_context():
                logits, lengths = pl_module(images, widths)
            stride = batch.images.shape[-1] / logits.shape[1]
            captions = batch.targets.split(batch.target_lengths.tolist())
            rows = zip(batch.index.tolist(), captions, peaks(logits, lengths), lengths, strict=True)
            for index, caption, read, steps in rows:
                if [i for i, _ in read] == caption.tolist():
                    columns = [(step + 0.5) * stride for _, step in read]
                    found[index] = CharacterPositions(caption.tolist(), columns, int(steps))
        if found:
            data.splicing.learn(found)
