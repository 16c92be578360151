"""The network: encoder, recurrent part and head, one after the other."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ocr.config.instantiate import build_part
from ocr.data.images.preprocessing import Preprocessor


class CRNN(nn.Module):
    """Reads images as sequences (Shi et al. 2015, arXiv:1507.05717).

    Shapes: B batch, C channels, H height, W width, T time steps, F features, K classes.

    encoder, recurrent, head: their configs. normalizer: of the images that it will get.
    num_classes: K, symbols and blank.
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
        """Images (B, C, H, W), widths (B,) -> logits (B, T, K), lengths (B,)."""
        features, lengths = self.encoder(images, widths)
        return self.head(self.recurrent(features, lengths)), lengths
