"""Positions of the characters in training images, for `data.splicing`."""

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.trainer.states import TrainerFn

from ocr.data.augmentation.splicing import CharacterPositions
from ocr.data.collate import collate
from ocr.models.ctc import best_path_positions

BATCH_SIZE = 64


class CharacterAlignment(Callback):
    """Find the positions of the characters in the training images for the data module.

    After each validation, the images that are not aligned yet are read without augmentation. Only
    the positions in images that are read without a mistake are used.
    """

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Align the images if the data module splices images."""
        data = trainer.datamodule
        if trainer.state.fn != TrainerFn.FITTING or not data.splicing.share:
            return
        dataset = data.dataset("train")
        remaining = [i for i in range(len(dataset)) if i not in data.splicing]
        remaining.sort(key=dataset.widths.__getitem__)
        aligned = {}
        for start in range(0, len(remaining), BATCH_SIZE):
            batch = collate([dataset[i] for i in remaining[start : start + BATCH_SIZE]])
            widths = batch.widths.to(pl_module.device)
            images = data.preprocessor.normalize(batch.images.to(pl_module.device), widths)
            with trainer.precision_plugin.forward_context():
                logits, lengths = pl_module(images, widths)
            pixels_per_step = batch.images.shape[-1] / logits.shape[1]
            captions = batch.targets.split(batch.target_lengths.tolist())
            paths = best_path_positions(logits, lengths)
            rows = zip(batch.index.tolist(), captions, paths, lengths.tolist(), strict=True)  # type: ignore[union-attr]
            for index, caption, path, steps in rows:
                if [symbol for symbol, _ in path] == caption.tolist():
                    columns = [(step + 0.5) * pixels_per_step for _, step in path]
                    aligned[index] = CharacterPositions(caption.tolist(), columns, steps)
        if aligned:
            data.splicing.learn(aligned)
