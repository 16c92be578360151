"""Layers of encoders and heads.

Shapes: B batch, C channels, H height, W width, T time steps, F features.
"""

import torch
import torch.nn.functional as F
from torch import nn

from ocr.data.collate import blank_padding
from ocr.errors import UserError


def _norm(kind: str, layer: type[nn.Module], features: int) -> nn.Module:
    if kind not in ("batch", "none"):
        raise UserError(f"encoder.norm={kind}: choose batch or none")
    return layer(features) if kind == "batch" else nn.Identity()


class Convolution(nn.Module):
    """Convolution, normalisation and ReLU.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Height and width of the kernel, odd.
        norm: batch or none.
        stride: Stride of height and width.
        activation: Whether a ReLU follows.

    Raises:
        UserError: If `kernel_size` is even or `norm` is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        norm: str,
        stride: tuple[int, int] = (1, 1),
        activation: bool = True,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise UserError(
                f"encoder.kernel_size and encoder.stem_kernel_size must be odd, not {kernel_size}: "
                "an even kernel changes the width"
            )
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            bias=norm == "none",
        )
        self.norm = _norm(norm, nn.BatchNorm2d, out_channels)
        self.activation = activation

    def forward(
        self, x: torch.Tensor, widths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Compute features, and set them to 0 beyond the widths.

        Args:
            x: Features (B, C, H, W).
            widths: Widths (B,) without padding; None for a batch without padding.

        Returns:
            Features (B, C', H', W') and their widths.
        """
        x = self.norm(self.conv(x))
        if widths is not None:
            if self.conv.stride[1] == 2:
                widths = (widths + 1) // 2
            x = blank_padding(x, widths, inplace=True)
        if self.activation:
            x = F.relu(x, inplace=True)
        return x, widths


class Pair(nn.Module):
    """Two convolutions in sequence.

    Args:
        first: The first convolution.
        second: The second convolution.
    """

    def __init__(self, first: Convolution, second: Convolution) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(
        self, x: torch.Tensor, widths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Compute features; see `Convolution.forward`."""
        return self.second(*self.first(x, widths))


class Residual(Pair):
    """Two convolutions with a shortcut, which is added before the last ReLU.

    Args:
        first: The first convolution.
        second: The second convolution, without activation.
        shortcut: A 1x1 convolution, without activation.
    """

    def __init__(self, first: Convolution, second: Convolution, shortcut: Convolution) -> None:
        super().__init__(first, second)
        self.shortcut = shortcut

    def forward(
        self, x: torch.Tensor, widths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Compute features; see `Convolution.forward`."""
        straight, _ = self.shortcut(x, None)
        x, widths = self.first(x, widths)
        x, _ = self.second(x, None)
        x = x + straight
        if widths is not None:  # once, for the sum: it takes as long as a small convolution
            x = blank_padding(x, widths, inplace=True)
        return F.relu(x, inplace=True), widths


class Dense(nn.Module):
    """Linear layer, normalisation, ReLU and dropout on every time step.

    Args:
        in_features: Features of the input.
        out_features: Features of the output.
        dropout: Probability of dropout.
        norm: batch or none.

    Raises:
        UserError: If `norm` is unknown.
    """

    def __init__(self, in_features: int, out_features: int, dropout: float, norm: str) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=norm == "none")
        self.norm = _norm(norm, nn.BatchNorm1d, out_features)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features (B, T, F) to (B, T, F')."""
        x = self.linear(x)
        batch, steps, features = x.shape
        x = self.norm(x.reshape(batch * steps, features)).view(batch, steps, features)
        return self.dropout(F.relu(x))
