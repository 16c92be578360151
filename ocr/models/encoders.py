"""Encoders: from an image to a sequence of features, one for each few pixels of width.

Shapes: B batch, C channels, H height, W width, T time steps, F features.

Every encoder takes (B, C, H, W) float images, normalised, with the widths (B,) of the images
before padding, and gives (B, T, F) and the lengths (B,) of the sequences before padding. It
declares `out_features` and `time_steps(width)`. Beyond an image's own width every layer sees
zeros, as beyond its border, so that padding never changes what is read.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from ocr.data.collate import blank_padding
from ocr.errors import UserError
from ocr.models.layers import Convolution, Dense
from ocr.models.time_steps import time_steps

MIN_HEIGHT = 3  # rows that are left for the linear layer to tell top from bottom
MAX_CHANNELS = 8192  # more is a mistake, and would take all memory before anything is said


class Encoder(nn.Module):
    """Stages of convolutions, then up to two linear layers on what each column has become.

    in_channels, height: of the images.
    num_layers: stages. channels: of the first; each further one has `growth` times as many.
    kernel_size: of the convolutions, odd. stem_kernel_size, stem_stride (1 or 2): of the first one.
    stride: pixels of width for a time step: 1, 2, 4 or 8. The width is halved in the first stages
        only, and the height while it leaves MIN_HEIGHT rows; so the number of time steps depends
        on the stride, and never on depth or growth.
    norm: batch or none.
    units, units_2: nodes of the linear layers, 0 for no such layer. dropout: after each of them.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        height: int,
        num_layers: int,
        channels: int,
        growth: float,
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
        sizes = [in_channels] + [max(1, round(channels * growth**i)) for i in range(num_layers)]
        if max(sizes) > MAX_CHANNELS:
            raise UserError(
                f"encoder.num_layers={num_layers} with encoder.channels={channels} and "
                f"encoder.growth={growth:g} come to {max(sizes)} channels, and {MAX_CHANNELS} is "
                "the most: lower one of them"
            )
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
        # Convolutions and poolings are fastest with the channels side by side in memory; on CPUs,
        # too, and twice as fast there in bf16.
        self.to(memory_format=torch.channels_last)

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """One stage, whose first convolution is given; called like a `Convolution`."""
        raise NotImplementedError

    def stem(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """The first stage; one like the others, unless a subclass knows better."""
        return self.stage(in_channels, out_channels, kernel_size, stride)

    def time_steps(self, width):
        """Time steps of an image of `width` pixels (an int, or a tensor of them)."""
        return time_steps(width, self.stride, self.stem_stride)

    def forward(
        self, images: torch.Tensor, widths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, C, H, W), (B,) -> (B, T, F), (B,)."""
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
                    # An odd last column has been pooled together with padding.
                    inner = inner // 2
                    x = blank_padding(x, inner)
        if x.requires_grad:
            # Flattening turns the gradient's memory around; the layers below want it as it was.
            x.register_hook(lambda grad: grad.contiguous(memory_format=torch.channels_last))
        columns = x.permute(0, 3, 2, 1).flatten(2)  # (B, C, H, W) -> (B, T, H * C)
        return self.columns(columns), lengths


class Conv(Encoder):
    """A plain stack: one convolution a stage."""

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """One convolution."""
        return Convolution(in_channels, out_channels, kernel_size, self.norm, stride)


class VGG(Encoder):
    """Two convolutions a stage (Simonyan & Zisserman 2014, arXiv:1409.1556)."""

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Two convolutions, the first of which may stride."""
        return Pair(
            Convolution(in_channels, out_channels, kernel_size, self.norm, stride),
            Convolution(out_channels, out_channels, self.kernel_size, self.norm),
        )


class ResNet(Encoder):
    """A basic residual block a stage (He et al. 2015, arXiv:1512.03385).

    plain_stem: the first stage is one convolution, as it is there: it works on the largest maps,
        where a block takes as long as all the others. False is what earlier checkpoints have.
    """

    def __init__(self, *, plain_stem: bool = False, **others: Any) -> None:
        self.plain_stem = plain_stem  # before the stages are made
        super().__init__(**others)

    def stem(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """A convolution, or a block."""
        if self.plain_stem:
            return Convolution(in_channels, out_channels, kernel_size, self.norm, stride)
        return super().stem(in_channels, out_channels, kernel_size, stride)

    def stage(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: tuple[int, int]
    ) -> nn.Module:
        """Two convolutions and the way round them."""
        return Residual(
            Convolution(in_channels, out_channels, kernel_size, self.norm, stride),
            Convolution(out_channels, out_channels, self.kernel_size, self.norm, activation=False),
            Convolution(in_channels, out_channels, 1, self.norm, stride, activation=False),
        )


class Pair(nn.Module):
    """Two convolutions, one after the other."""

    def __init__(self, first: Convolution, second: Convolution) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(
        self, x: torch.Tensor, widths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """See `Convolution.forward`."""
        return self.second(*self.first(x, widths))


class Residual(Pair):
    """Two convolutions, to which the shortcut's output is added before the last ReLU."""

    def __init__(self, first: Convolution, second: Convolution, shortcut: Convolution) -> None:
        super().__init__(first, second)
        self.shortcut = shortcut

    def forward(
        self, x: torch.Tensor, widths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """See `Convolution.forward`."""
        straight, _ = self.shortcut(x, None)
        x, widths = self.first(x, widths)
        x, _ = self.second(x, None)
        x = x + straight
        if widths is not None:  # once for both, as it takes as long as a small convolution
            x = blank_padding(x, widths, inplace=True)
        return F.relu(x, inplace=True), widths
