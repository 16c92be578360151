"""Contrast, brightness and colour of images.

These differ between photographs of the same text. A network that doesn't see the differences need
not learn to ignore them.
"""

import numpy as np
from PIL import Image, ImageStat

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # brightness of red, green and blue (ITU-R 601)
SAMPLED_PIXELS = 1024  # pixels to which an image is reduced to measure its colours
CLIPPED = 0.002  # share of the pixels at either end that is ignored when contrast is stretched
MIN_CONTRAST = 16  # grey values; less is the noise of an empty image, and is not stretched


def principal_grey(image: Image.Image) -> Image.Image:
    """Convert an RGB image to grey along the axis on which neighbouring colours differ most.

    That separates text from its background even where both are equally bright, such as red on
    green. The axis is oriented so that brighter colours stay brighter. (Di Zenzo 1986, "A note on
    the gradient of a multi-image".)
    """
    axis = _gradient_axes(image)[1][:, -1]
    if axis @ LUMA < 0:
        axis = -axis
    axis = axis / np.abs(axis).sum()  # so that the result is within 0 to 255
    return image.convert("L", (*axis.tolist(), -255 * float(axis[axis < 0].sum())))


def normalize_contrast(image: Image.Image, stretch: bool, dark: bool) -> np.ndarray:
    """Normalize an image's contrast.

    Args:
        image: Grey or RGB.
        stretch: Whether to map its darkest and lightest pixels to black and white.
        dark: Whether to invert text that is lighter than its background.

    Returns:
        uint8 (H, W) or (H, W, 3).
    """
    counts = brightness_histogram(image)
    values = np.arange(256.0)
    table = values
    if stretch:
        for share in (CLIPPED, 0):  # few dark pixels may be all the text there is
            low, high = _quantiles(counts, share)
            if high - low >= MIN_CONTRAST:
                table = ((values - low) * (255 / (high - low))).clip(0, 255)
                break
    if dark and has_light_text(counts):
        table = 255 - table
    return table.round().astype(np.uint8).take(np.asarray(image))


def brightness_histogram(image: Image.Image) -> np.ndarray:
    """Count the pixels with each grey value, (256,)."""
    return np.array(image.convert("L").histogram())


def has_light_text(counts: np.ndarray) -> bool:
    """Return whether the background, which is most of an image, is darker than the rest.

    Args:
        counts: The image's `brightness_histogram`.
    """
    median, _ = _quantiles(counts, 0.5)
    return bool(median < counts @ np.arange(256) / counts.sum())


def _quantiles(counts: np.ndarray, share: float) -> tuple[int, int]:
    """Return the grey values below and above which a share of the pixels lies."""
    total = counts.cumsum()
    low = total.searchsorted(share * total[-1], side="right")
    high = total.searchsorted((1 - share) * total[-1], side="left")
    return int(low), int(high)


def brightness_std(image: Image.Image) -> float:
    """Return the standard deviation of the brightness, 0 to 128."""
    return ImageStat.Stat(image.convert("L")).stddev[0]


def colourfulness(image: Image.Image) -> float:
    """Return how much of an RGB image's contrast `principal_grey` loses, from 0 to 1."""
    beside, along = _gradient_axes(image)[0][1:]
    return float(max(beside, 0) / along) ** 0.5


def _gradient_axes(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal components of the differences of neighbours in an RGB image.

    Returns:
        Their variances (3,), ascending, and the axes as columns (3, 3).
    """
    step = max(1, round((image.width * image.height / SAMPLED_PIXELS) ** 0.5))
    size = max(1, image.width // step), max(1, image.height // step)
    # Averaging reduces noise and keeps thin strokes of large images.
    pixels = np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)
    right = (pixels[:, 1:] - pixels[:, :-1]).reshape(-1, 3)
    down = (pixels[1:] - pixels[:-1]).reshape(-1, 3)
    # The 1 makes grey the main axis of an image without differences.
    scatter = right.T @ right + down.T @ down + 1
    return np.linalg.eigh(scatter / max(1, len(right) + len(down)))
