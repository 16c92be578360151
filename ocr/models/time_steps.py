"""The number of time steps of an encoder, without building it or importing torch."""

from typing import Any

PARTS = ("encoder", "recurrent", "head")
# Classes whose time steps `time_steps` computes; another class may have its own rule.
ENCODERS = ("ocr.models.encoders.Conv", "ocr.models.encoders.VGG", "ocr.models.encoders.ResNet")


Width = Any  # an int, or a tensor of ints


def time_steps(width: Width, stride: int, stem_stride: int) -> Width:
    """Return the number of time steps that one of `ENCODERS` makes of an image.

    Args:
        width: Width in pixels, an int or a tensor of ints.
        stride: Pixels per time step, a power of two.
        stem_stride: Stride of the first convolution, 1 or 2.
    """
    if stem_stride == 2 and stride > 1:  # this convolution rounds up, poolings round down
        width, stride = (width + 1) // 2, stride // 2
    return width // stride
