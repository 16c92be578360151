"""Batches of images, and their padding.

Shapes: B batch, C channels, H height, W width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch


class Batch(NamedTuple):
    """Images of one batch and their captions."""

    images: torch.Tensor  # (B, C, H, W), uint8 from the loader, float after `Preprocessor.floats`
    widths: torch.Tensor  # (B,) pixels without padding
    targets: torch.Tensor  # (sum of lengths,) ids of all captions, one after another
    target_lengths: torch.Tensor  # (B,)
    index: torch.Tensor | None = None  # type: ignore[assignment]  # (B,) which images of their part these are


def collate(items: Sequence[tuple[np.ndarray, list[int], int]]) -> Batch:
    """Make a batch of uint8 images (C, H, W) with their captions' ids and their own indices."""
    images, captions, indices = zip(*items, strict=True)
    return Batch(
        *pad_images(images),
        torch.tensor([i for caption in captions for i in caption]),
        torch.tensor([len(caption) for caption in captions]),
        torch.tensor(indices),
    )


def pad_images(images: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad images (C, H, W) with 0 on the right to one width.

    Returns:
        The images, (B, C, H, W), and their widths before padding, (B,). W is the common width of
        all images, or else one of few widths (`rounded`).
    """
    widths = [image.shape[-1] for image in images]
    widest = max(widths)
    if min(widths) == widest:
        together = np.stack(images)
    else:
        together = np.zeros((len(images), *images[0].shape[:2], rounded(widest)), images[0].dtype)
        for row, image in zip(together, images, strict=True):
            row[..., : image.shape[-1]] = image
    return torch.from_numpy(together), torch.tensor(widths)


def rounded(width: int) -> int:
    """Round `width` up to one of 16 widths an octave, by at most a sixteenth.

    oneDNN compiles its kernels for each shape that it meets: where every batch has a width of its
    own, that takes longer than the padding (benchmarks/widths.py).
    """
    step = 1 << max(0, width.bit_length() - 5)
    return -(-width // step) * step


def blank_padding(
    features: torch.Tensor, widths: torch.Tensor, inplace: bool = False
) -> torch.Tensor:
    """Set (B, C, H, W) `features` to 0 from each row's width (B,) on.

    Zeros are what a convolution sees beyond an image's border, so an image reads the same
    alone and beside wider ones.
    """
    positions = torch.arange(features.shape[-1], device=features.device)
    there = (positions < widths[:, None]).to(features.dtype)[:, None, None]
    return features.mul_(there) if inplace else features * there
