"""Bring pixels of any depth, integers or floats, to 8 bits, and keep what contrast they have."""

from math import isfinite

import numpy as np

from ocr.data.images.contrast import EXTREME, FAINT

DEPTHS = (8, 10, 12, 14, 16, 24, 32, 64)  # bits; how many a camera uses, the brightest pixel tells
MOST = 2**16  # of floats that stand for integers; beyond, they are no picture
UNRELATED = 0.2  # correlation of neighbours; where it is less, there is only noise


def to_uint8(pixels: np.ndarray, stretch: bool = False) -> np.ndarray:
    """Scale pixels to uint8.

    Args:
        pixels: (H, W), or (H, W, C), of which a fourth channel is alpha. Floats of at most 1 count
            from 0 to 1; all others by the bits that the largest of them needs.
        stretch: where 8 bits can't tell all values apart, spread those that there are from 0 to
            255 before they are rounded.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: They are no numbers, or out of range.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * 255
    if pixels.dtype.kind not in "iuf":
        raise ValueError(f"its pixels are of the type {pixels.dtype}, not numbers")
    if not pixels.size:
        raise ValueError("it has no pixels")
    floats = pixels.dtype.kind == "f"
    low, high = pixels.min().item(), pixels.max().item()
    if not (isfinite(low) and isfinite(high)):
        raise ValueError("some of its pixels are infinite or NaN")
    if low < 0 or (floats and high >= MOST):
        what = "floats must be from 0 to 1" if floats else "none may be negative"
        raise ValueError(f"its pixels are from {low:g} to {high:g}, and {what}")
    if floats and high <= 1:
        exact = pixels.astype(np.float64) * 255
        plain = exact.round()
    else:
        bits = next(bits for bits in DEPTHS if high < 2**bits)
        exact = pixels.astype(np.float64) * (255 / (2**bits - 1))
        plain = pixels // 2 ** (bits - 8)
    if stretch and abs(exact - exact.round()).max() > 1e-3:
        spread_out = _stretched(exact)
        plain = plain if spread_out is None else spread_out
    return plain.clip(0, 255).astype(np.uint8)


def _stretched(exact: np.ndarray) -> np.ndarray | None:
    """What `tones.even` would make of them; None if there is no contrast, or only noise."""
    colours, alpha = (exact, None) if exact.ndim == 2 else (exact[..., :3], exact[..., 3:])
    for share in (EXTREME, 0):
        low, high = np.quantile(colours, (share, 1 - share))
        if high - low >= FAINT / 256:  # as many steps of 16 bits as an image of 8 bits needs
            values = ((colours - low) * (255 / (high - low))).clip(0, 255).round()
            if not _is_noise(values):
                return values if exact.ndim == 2 else np.concatenate([values, alpha], axis=2)
    return None


def _is_noise(values: np.ndarray) -> bool:
    """Whether a pixel knows nothing of the one beside it, nor of the one below."""
    grey = values if values.ndim == 2 else values.mean(axis=2)
    grey = grey - grey.mean()
    pairs = ((grey[:, 1:], grey[:, :-1]), (grey[1:], grey[:-1]))
    alike = [(a * b).mean() for a, b in pairs if a.size]
    return bool(alike) and max(alike) < UNRELATED * (grey**2).mean()
