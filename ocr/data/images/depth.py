"""Convert integer and float pixels of any depth to 8 bits."""

from math import isfinite

import numpy as np

from ocr.data.images.contrast import CLIPPED, MIN_CONTRAST

DEPTHS = (8, 10, 12, 14, 16, 24, 32, 64)  # usual bits per channel
MAX_FLOAT = 2**16  # upper limit of floats beyond 1, which are taken as integers
MIN_CORRELATION = 0.2  # of neighbouring pixels; less is noise


def to_uint8(pixels: np.ndarray, stretch: bool = False) -> np.ndarray:
    """Scale pixels to uint8.

    Args:
        pixels: (H, W) or (H, W, C), where a fourth channel is alpha. The range is 0 to 1 for floats
            up to 1, and otherwise follows from the bits that the largest value needs.
        stretch: Whether to stretch the values to 0 to 255 before rounding, if rounding would make
            different values equal.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: The pixels are not numbers, or out of range.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * 255
    if pixels.dtype.kind not in "iuf":
        raise ValueError(f"its pixels are of the type {pixels.dtype}, not numbers")
    if not pixels.size:
        raise ValueError("it has no pixels")
    is_float = pixels.dtype.kind == "f"
    low, high = pixels.min().item(), pixels.max().item()
    if not (isfinite(low) and isfinite(high)):
        raise ValueError("some of its pixels are infinite or NaN")
    if low < 0 or (is_float and high >= MAX_FLOAT):
        what = "floats must be from 0 to 1" if is_float else "none may be negative"
        raise ValueError(f"its pixels are from {low:g} to {high:g}, and {what}")
    if is_float and high <= 1:
        exact = pixels.astype(np.float64) * 255
        scaled = exact.round()
    else:
        bits = next(bits for bits in DEPTHS if high < 2**bits)
        exact = pixels.astype(np.float64) * (255 / (2**bits - 1))
        scaled = pixels // 2 ** (bits - 8)
    if stretch and abs(exact - exact.round()).max() > 1e-3:
        stretched = _stretch(exact)
        scaled = scaled if stretched is None else stretched
    return scaled.clip(0, 255).astype(np.uint8)


def _stretch(exact: np.ndarray) -> np.ndarray | None:
    """Stretch values as `normalize_contrast` does; None if they have no contrast or only noise."""
    colours, alpha = (exact, None) if exact.ndim == 2 else (exact[..., :3], exact[..., 3:])
    for share in (CLIPPED, 0):
        low, high = np.quantile(colours, (share, 1 - share))
        if high - low >= MIN_CONTRAST / 256:  # MIN_CONTRAST steps of 16-bit values
            values = ((colours - low) * (255 / (high - low))).clip(0, 255).round()
            if not _is_noise(values):
                return values if alpha is None else np.concatenate([values, alpha], axis=2)
    return None


def _is_noise(values: np.ndarray) -> bool:
    """Return whether neighbouring pixels are uncorrelated."""
    grey = values if values.ndim == 2 else values.mean(axis=2)
    grey = grey - grey.mean()
    pairs = ((grey[:, 1:], grey[:, :-1]), (grey[1:], grey[:-1]))
    correlations = [(a * b).mean() for a, b in pairs if a.size]
    return bool(correlations) and max(correlations) < MIN_CORRELATION * (grey**2).mean()
