"""The LightningModule: loss, metrics and optimizer of the network."""

from typing import Any

import torch
from pytorch_lightning import LightningModule
from torch import nn
from torchmetrics.text import CharErrorRate

from ocr.config.instantiate import build
from ocr.data.collate import Batch
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.text.charset import Charset
from ocr.models.crnn import CRNN
from ocr.models.ctc import best_path, blank_share, ctc_loss
from ocr.models.decoding import decode
from ocr.models.metrics import Count, ExactMatch, Mean
from ocr.models.reading import Reading
from ocr.models.schedulers import Schedule

BAR_STEPS = 5  # log the loss of every fifth step: Lightning's log takes a millisecond


class Recognizer(LightningModule):
    """A `CRNN` that is trained with CTC.

    All arguments are plain dicts, strings and numbers, which Lightning stores in the checkpoint.
    The reader can be rebuilt from them.

    Args:
        symbols: Symbols of the charset.
        preprocessor: State of the `Preprocessor`.
        encoder: Configuration of the encoder.
        recurrent: Configuration of the recurrent part.
        head: Configuration of the head.
        optimizer: Configuration of the optimizer.
        scheduler: Configuration of the learning-rate schedule.
        order: Order of the characters in captions, see `Charset`.
    """

    def __init__(
        self,
        *,
        symbols: str,
        preprocessor: dict[str, Any],
        encoder: dict[str, Any],
        recurrent: dict[str, Any],
        head: dict[str, Any],
        optimizer: dict[str, Any],
        scheduler: dict[str, Any],
        order: str = "visual",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.charset = Charset(symbols, order)
        self.model = CRNN(
            encoder=encoder,
            recurrent=recurrent,
            head=head,
            preprocessor=Preprocessor(**preprocessor),
            num_classes=len(self.charset),
        )
        self.metrics = nn.ModuleDict({"val": _metrics(), "test": _metrics()})
        self.train_loss = Mean()

    def time_steps(self, width: int) -> int:
        """Return the time steps of an image of `width` pixels."""
        return self.model.encoder.time_steps(width)

    def forward(
        self, images: torch.Tensor, widths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the logits of a batch; see `CRNN.forward`."""
        return self.model(images, widths)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Compute the CTC loss per character."""
        logits, lengths = self(batch.images, batch.widths)
        loss = self._loss(logits, lengths, batch)
        self.train_loss.update(loss.detach(), len(batch.widths))
        if batch_idx % BAR_STEPS == 0:
            self.log("loss", loss, prog_bar=True, logger=False)
        return loss

    def on_train_epoch_end(self) -> None:
        """Log the loss of the epoch; a run resumed after its last step has none."""
        if self.train_loss.update_called:
            self.log("train/loss", self.train_loss)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Update the validation metrics."""
        self._evaluate(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, list[Reading]]:
        """Update the test metrics.

        Returns:
            The readings of the batch, for predictions.csv.
        """
        logits, lengths = self._evaluate(batch, "test")
        return {"readings": decode(logits, lengths, self.charset)}

    def configure_optimizers(self) -> dict[str, Any]:
        """Make the optimizer, without weight decay on biases and norms, and its schedule."""
        parameters = [p for p in self.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in parameters if p.ndim > 1]},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = build(self.hparams.optimizer, groups, section="optimizer")
        schedule: Schedule = build(
            self.hparams.scheduler,
            optimizer,
            self.trainer.estimated_stepping_batches,
            section="scheduler",
        )
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as Lightning does, also for fused optimizers, which it refuses under autocast."""
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and optimizer.defaults.get("fused"):
            # Under 16-mixed a fused optimizer would unscale gradients in its step, after clipping.
            scaler.unscale_(optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        if gradient_clip_val and gradient_clip_algorithm == "value":
            nn.utils.clip_grad_value_(parameters, gradient_clip_val)
        elif gradient_clip_val:
            nn.utils.clip_grad_norm_(parameters, gradient_clip_val)

    def _loss(self, logits: torch.Tensor, lengths: torch.Tensor, batch: Batch) -> torch.Tensor:
        losses = ctc_loss(logits, lengths, batch.targets, batch.target_lengths)
        return (losses / batch.target_lengths).mean()

    def _evaluate(self, batch: Batch, part: str) -> tuple[torch.Tensor, torch.Tensor]:
        logits, lengths = self(batch.images, batch.widths)
        texts = [self.charset.decode(ids) for ids in best_path(logits, lengths)]
        ids = batch.targets.cpu().split(batch.target_lengths.tolist())
        captions = [self.charset.decode(caption.tolist()) for caption in ids]
        size = len(captions)
        for name, metric in self.metrics[part].items():
            metric.update(texts, captions)
            self.log(f"{part}/{name}", metric, prog_bar=name == "cer", batch_size=size)
        values = {
            f"{part}/loss": self._loss(logits, lengths, batch),
            f"{part}/blanks": blank_share(logits, lengths),
        }
        self.log_dict(values, batch_size=size, sync_dist=True)
        return logits, lengths


def _metrics() -> nn.ModuleDict:
    return nn.ModuleDict(
        {
            "cer": CharErrorRate(),
            "exact_match": ExactMatch(),
            "images": Count(),
            "exact_match_repeats": ExactMatch(only_repeats=True),
        }
    )
