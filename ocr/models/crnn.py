"""The network: encoder, recurrent part and head in sequence."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ocr.config.instantiate import build_part
from ocr.data.images.preprocessing import Preprocessor


class CRNN(nn.Module):
    """Convolutional recurrent neural network (Shi et al. 2015, arXiv:1507.05717).

    Shapes: B batch, C channels, H height, W width, T time steps, K classes.

    Args:
        encoder: Configuration of the encoder.
        recurrent: Configuration of the recurrent part.
        head: Configuration of the head.
        preprocessor: Preprocessing of the images; decides channels and height.
        num_classes: K, the symbols and the blank.
    """

    def __init__(
        self,
        *,
        encoder: Mapping[str, Any],
        recurrent: Mapping[str, Any],
        head: Mapping[str, Any],
        preprocessor: Preprocessor,
        num_classes: int,
    ) -> None:
        super().__init__()
        self.encoder = build_part(
            encoder,
            section="encoder",
            in_channels=preprocessor.channels,
            height=preprocessor.height,
        )
        self.recurrent = build_part(
            recurrent, section="recurrent", in_features=self.encoder.out_features
        )
        self.head = build_part(
            head, section="head", in_features=self.recurrent.out_features, num_classes=num_classes
        )

    def forward(
        self, images: torch.Tensor, widths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the logits of a batch.

        Args:
            images: Normalised images (B, C, H, W).
            widths: Their widths (B,) in pixels, without padding.

        Returns:
            Logits (B, T, K), and the time steps (B,) without padding.
        """
        features, lengths = self.encoder(images, widths)
        return self.head(self.recurrent(features, lengths)), lengths
