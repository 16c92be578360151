"""Encoders: convolutions that turn an image into a sequence of features.

Shapes: B batch, C channels, H height, W width, T time steps, F features.

An encoder takes normalised images (B, C, H, W) with their widths (B,) without padding, and returns
features (B, T, F) with the lengths (B,) of the sequences without padding. It declares
`out_features` (F) and `time_steps(width)` (T). Every layer sees zeros beyond the width of an image,
as beyond its border, so padding never changes the text that is read.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from ocr.data.collate import blank_padding
from ocr.errors import UserError
from ocr.models.layers import Convolution, Dense, Pair, Residual
from ocr.models.time_steps import Width, time_steps

MIN_HEIGHT = 3  # rows that the linear layer needs to tell top from bottom
LIMIT = 8192  # channels; more is a typing mistake that would exhaust the memory


class Encoder(nn.Module):
    """Stages of convolutions, then up to two linear layers on each column.

    The width is halved in the first stages only, so the number of time steps depends on the stride
    alone. The height is halved as long as `MIN_HEIGHT` rows are left.

    Args:
        in_channels: Channels of the images.
        height: Height of the images, in pixels.
        num_layers: Number of stages.
        channels: Channels of the first stage.
        growth: Factor on the channels from stage to stage, up to `max_channels`.
        max_channels: Channels of any stage at most.
        kernel_size: Kernel of the convolutions, odd.
        stem_kernel_size: Kernel of the first convolution, odd.
        stem_stride: Stride of the first convolution, 1 or 2.
        stride: Pixels of width per time step: 1, 2, 4 or 8.
        norm: batch or none.
        units: Nodes of the first linear layer; 0 for no such layer.
        units_2: Nodes of the second linear layer; 0 for no such layer.
        dropout: Probability of dropout after each linear layer.

    Attributes:
        out_features: Features of a time step.

    Raises:
        UserError: If a value is impossible; names its key.
    """

    out_features: int

    def __init__(
        self,
        *,
        in_channels: int,
        height: int,
        num_layers: int,
        channels: int,
        growth: float,
        max_channels: int,
        kernel_size: int,
        stem_kernel_size: int,
        stem_stride: int,
        stride: int,
        norm: str,
        units: int,
        units_2: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if stride not in (1, 2, 4, 8):
            raise UserError(f"encoder.stride={stride}: choose 1, 2, 4 or 8 pixels per time step")
        if stem_stride not in (1, 2):
            raise UserError(f"encoder.stem_stride={stem_stride}: choose 1 or 2")
        halvings = stride.bit_length() - 1
        stem_halves = stem_stride == 2 and halvings > 0
        pool_halvings = halvings - stem_halves
        if num_layers < max(1, pool_halvings):
            raise UserError(
                f"encoder.num_layers={num_layers} is too few for encoder.stride={stride}: "
                f"take {max(1, pool_halvings)} or more"
            )
        self.stride = stride
        self.stem_stride = stem_stride
        self.kernel_size = kernel_size
        self.norm = norm
        if max_channels > LIMIT:
            raise UserError(f"encoder.max_channels={max_channels}: give {LIMIT} or less")
        if channels > max_channels:
            raise UserError(
                f"encoder.channels={channels} is more than encoder.max_channels={max_channels}: "
                "lower the first or raise the second"
            )
        sizes, exact = [in_channels], float(channels)
        for _ in range(num_layers):
            sizes.append(max(1, round(exact)))
            exact = min(exact * growth, max_channels)
        self.stages = nn.ModuleList()
        self.pools = []
        for i, (before, after) in enumerate(pairwise(sizes)):
            if i == 0:
                strides = (stem_stride, 1 + stem_halves)
                self.stages.append(self.stem(before, after, stem_kernel_size, strides))
            else:
                strides = (1, 1)
                self.stages.append(self.stage(before, after, kernel_size, strides))
            height = -(-height // strides[0])
            pool = (2 if height // 2 >= MIN_HEIGHT else 1, 2 if i < pool_halvings else 1)
            self.pools.append(pool)
            height //= pool[0]
        nodes = [sizes[-1] * height, *(n for n in (units, units_2) if n)]
        self.columns = nn.Sequential(*(Dense(a, b, dropout, norm) for a, b in pairwise(nodes)))
        self.out_features = nodes[-1]
        # Convolution and pooling are fastest in this memory format, on CPUs as well.
        self.to(memory_format=torch.channels_last)

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Make a stage.

        Args:
            in_channels: Channels of its input.
            out_channels: Channels of its output.
            kernel_size: Kernel of its first convolution.
            stride: Stride of its first convolution, (height, width).

        Returns:
            A module that is called like a `Convolution`.
        """
        raise NotImplementedError

    def stem(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Make the first stage; by default it is like the others. See `stage`."""
        return self.stage(in_channels, out_channels, kernel_size, stride)

    def time_steps(self, width: Width) -> Width:
        """Return the time steps of an image.

        Args:
            width: Width in pixels, an int or a tensor of ints.
        """
        return time_steps(width, self.stride, self.stem_stride)

    def forward(
        self, images: torch.Tensor, widths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode a batch.

        Args:
            images: Normalised images (B, C, H, W).
            widths: Their widths (B,) in pixels, without padding.

        Returns:
            Features (B, T, F), and the time steps (B,) without padding.
        """
        lengths = self.time_steps(widths)
        if images.shape[-1] < self.stride:
            images = F.pad(images, (0, self.stride - images.shape[-1]))
        x = images.contiguous(memory_format=torch.channels_last)
        inner = widths if bool((widths < x.shape[-1]).any()) else None
        for stage, pool in zip(self.stages, self.pools, strict=True):
            x, inner = stage(x, inner)
            if pool != (1, 1):
                x = F.max_pool2d(x, pool)
                if inner is not None and pool[1] == 2:
                    # An odd last column has been pooled with padding.
                    inner = inner // 2
                    x = blank_padding(x, inner)
        if x.requires_grad:
            # The gradient of the flattened tensor has another memory format.
            x.register_hook(lambda grad: grad.contiguous(memory_format=torch.channels_last))
        columns = x.permute(0, 3, 2, 1).flatten(2)  # (B, C, H, W) -> (B, T, H * C)
        return self.columns(columns), lengths


class Conv(Encoder):
    """One convolution per stage."""

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Make one convolution."""
        return Convolution(in_channels, out_channels, kernel_size, self.norm, stride)


class VGG(Encoder):
    """Two convolutions per stage (Simonyan & Zisserman 2014, arXiv:1409.1556)."""

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Make two convolutions."""
        return Pair(
            Convolution(in_channels, out_channels, kernel_size, self.norm, stride),
            Convolution(out_channels, out_channels, self.kernel_size, self.norm),
        )


class ResNet(Encoder):
    """A basic residual block per stage (He et al. 2015, arXiv:1512.03385).

    Args:
        plain_stem: Make the first stage a single convolution. It works on the largest feature maps,
            where a block takes as long as all others.
        others: Arguments of `Encoder`.
    """

    def __init__(self, *, plain_stem: bool = True, **others: Any) -> None:
        self.plain_stem = plain_stem  # first, because super().__init__ calls stem()
        super().__init__(**others)

    def stem(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Make a convolution, or a block."""
        if self.plain_stem:
            return Convolution(in_channels, out_channels, kernel_size, self.norm, stride)
        return super().stem(in_channels, out_channels, kernel_size, stride)

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Make two convolutions and their shortcut."""
        return Residual(
            Convolution(in_channels, out_channels, kernel_size, self.norm, stride),
            Convolution(out_channels, out_channels, self.kernel_size, self.norm, activation=False),
            Convolution(in_channels, out_channels, 1, self.norm, stride, activation=False),
        )
