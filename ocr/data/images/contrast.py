"""Tones: what differs from photograph to photograph of a text, and says nothing about it.

Text is its shapes. Their colour, their contrast and whether they are light on dark are others in
every image, and a network that isn't shown such differences needn't learn to see past them.
"""

import numpy as np
from PIL import Image, ImageStat

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue are to the eye
SAMPLED = 1024  # pixels of an image, in rows, that tell its colours
EXTREME = 0.002  # the share of the pixels, at either end, that doesn't count for the contrast
FAINT = 16  # grey values; less contrast is the noise of an empty image, and stays as it is


def principal_grey(image: Image.Image) -> Image.Image:
    """An RGB image in grey, along the line on which the colours of its neighbours differ most.

    That is where text is from its paper. Red on a green that is as bright is gone in ordinary grey;
    here it is as far away as the colours are, and paper whose own colour changes slowly is even.
    Brighter stays brighter. (Di Zenzo 1986, "A note on the gradient of a multi-image".)
    """
    line = _axes(image)[1][:, -1]
    if line @ LUMA < 0:
        line = -line
    line = line / np.abs(line).sum()  # so that what comes out fits into 0 to 255
    return image.convert("L", (*line.tolist(), -255 * float(line[line < 0].sum())))


def normalize_contrast(image: Image.Image, stretch: bool, dark: bool) -> np.ndarray:
    """The pixels, (H, W) or (H, W, 3), from black to white if `stretch`, dark text if `dark`."""
    counts = brightness_histogram(image)
    values = np.arange(256.0)
    table = values
    if stretch:
        for share in (EXTREME, 0):  # little ink is no noise, if there is none besides
            low, high = _between(counts, share)
            if high - low >= FAINT:
                table = ((values - low) * (255 / (high - low))).clip(0, 255)
                break
    if dark and has_light_text(counts):
        table = 255 - table
    return table.round().astype(np.uint8).take(np.asarray(image))


def brightness_histogram(image: Image.Image) -> np.ndarray:
    """How many of its pixels have each grey value, (256,)."""
    return np.array(image.convert("L").histogram())


def has_light_text(counts: np.ndarray) -> bool:
    """Return whether the background, most of an image, is darker than the rest."""
    median, _ = _between(counts, 0.5)
    return median < counts @ np.arange(256) / counts.sum()


def _between(counts: np.ndarray, share: float) -> tuple[int, int]:
    """The grey values below and above which lies that share of the pixels."""
    total = counts.cumsum()
    low = total.searchsorted(share * total[-1], side="right")
    high = total.searchsorted((1 - share) * total[-1], side="left")
    return int(low), int(high)


def brightness_std(image: Image.Image) -> float:
    """Standard deviation of the brightness, 0 to 128."""
    return ImageStat.Stat(image.convert("L")).stddev[0]


def colourfulness(image: Image.Image) -> float:
    """How much neighbours in an RGB image differ beside their principal line: 0, not, to 1."""
    beside, along = _axes(image)[0][1:]
    return float(max(beside, 0) / along) ** 0.5


def _axes(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The principal axes of how neighbours in an RGB image differ.

    Their variances (3,), ascending, and the axes themselves, as columns (3, 3).
    """
    step = max(1, round((image.width * image.height / SAMPLED) ** 0.5))
    size = max(1, image.width // step), max(1, image.height // step)
    # Means, in which noise is less, and no thin stroke of a large image gets lost.
    pixels = np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)
    right = (pixels[:, 1:] - pixels[:, :-1]).reshape(-1, 3)
    down = (pixels[1:] - pixels[:-1]).reshape(-1, 3)
    # And a step of one shade of grey, which decides where there is no other.
    steps = right.T @ right + down.T @ down + 1
    return np.linalg.eigh(steps / max(1, len(right) + len(down)))
