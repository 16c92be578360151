"""Put images into batches, with padding.

Shapes: B batch, C channels, H height, W width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch


class Batch(NamedTuple):
    """A batch of images and their captions."""

    images: torch.Tensor  # (B, C, H, W), uint8 from the loader, float once normalized
    widths: torch.Tensor  # (B,) pixels without padding
    targets: torch.Tensor  # (sum of lengths,) ids of all captions, concatenated
    target_lengths: torch.Tensor  # (B,)
    index: torch.Tensor | None = None  # type: ignore[assignment]  # (B,) indices in their dataset


def collate(items: Sequence[tuple[np.ndarray, list[int], int]]) -> Batch:
    """Make a batch of items of `CaptionedImages`: image (C, H, W), caption ids, index."""
    images, captions, indices = zip(*items, strict=True)
    return Batch(
        *pad_images(images),
        torch.tensor([i for caption in captions for i in caption]),
        torch.tensor([len(caption) for caption in captions]),
        torch.tensor(indices),
    )


def pad_images(images: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad images (C, H, W) on the right with 0 to one width.

    Returns:
        The images (B, C, H, W), and their widths before padding (B,). W is the width of all images
        if they are equally wide, or else the largest width rounded up (`rounded`).
    """
    widths = [image.shape[-1] for image in images]
    widest = max(widths)
    if min(widths) == widest:
        padded = np.stack(images)
    else:
        padded = np.zeros((len(images), *images[0].shape[:2], rounded(widest)), images[0].dtype)
        for row, image in zip(padded, images, strict=True):
            row[..., : image.shape[-1]] = image
    return torch.from_numpy(padded), torch.tensor(widths)


def rounded(width: int) -> int:
    """Round a width up by at most a sixteenth, so that batches have few different widths.

    oneDNN compiles its kernels anew for each shape, which takes longer than the additional padding
    (benchmarks/widths.py).
    """
    step = 1 << max(0, width.bit_length() - 5)
    return -(-width // step) * step


def blank_padding(
    features: torch.Tensor, widths: torch.Tensor, inplace: bool = False
) -> torch.Tensor:
    """Set the padding of images or feature maps to 0.

    Convolutions pad with 0 as well, so the text read from an image doesn't depend on how wide the
    others in its batch are.

    Args:
        features: (B, C, H, W).
        widths: The width of each row without padding, (B,).
        inplace: Whether to change `features` itself.
    """
    positions = torch.arange(features.shape[-1], device=features.device)
    mask = (positions < widths[:, None]).to(features.dtype)[:, None, None]
    return features.mul_(mask) if inplace else features * mask
