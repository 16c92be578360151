"""Statistics of images, collected during the same scan that training does."""

from contextlib import suppress
from enum import Enum, auto
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image

from ocr.data.duplicates import content_digest
from ocr.data.images.formats import FORMATS, identify_format
from ocr.data.images.loading import (
    BLANK_STD,
    DECODE_ERRORS,
    ImageSource,
    count_frames,
    is_transparent,
)

_LEVELS = np.arange(256.0)
_ROTATED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


class ImageProblem(Enum):
    """Why an image file can't be decoded."""

    NO_IMAGE = auto()  # the content has no known image format
    UNSUPPORTED_FORMAT = auto()
    MISSING_FRAME = auto()  # it has no frame with the number data.frame
    TRUNCATED = auto()
    DAMAGED = auto()


class ImageStats(NamedTuple):
    """An image file as it is stored, and as training sees it.

    Attributes:
        problem: Why it can't be decoded, or None. If set, most of the rest is unknown.
        format: Name of the file format, or None if it is unknown.
        mode: Pillow's mode.
        size: Width and height in pixels, upright.
        transparent: Whether it has transparent pixels.
        std: Standard deviation of the grey values, 0 to 255, after preprocessing.
        ink: Share of the pixels that clearly differ from the background, 0 to 1.
        pixel_hash: 64-bit hash of the pixels after preprocessing.
        frames: Number of frames or pages.
    """

    problem: ImageProblem | None = None
    format: str | None = None
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    transparent: bool = False
    std: float = 0.0
    ink: float = 0.0
    pixel_hash: int = 0
    frames: int = 1

    @property
    def is_flat(self) -> bool:
        """Whether it has too little contrast to be read."""
        return self.std < BLANK_STD


def compute_stats(
    source: ImageSource, outcome: np.ndarray | str, frames: int, frame: int = 0
) -> ImageStats:
    """Compute the statistics of an image during its scan.

    Args:
        source: The opened image, or its bytes if they can't be opened.
        outcome: uint8 (C, H, W), or the reason why it can't be decoded.
        frames: Number of frames or pages.
        frame: The number of the frame that is read, as `data.frame`.
    """
    if isinstance(source, Image.Image):
        stats = _stored_stats(source)
    else:
        stats = ImageStats(format=identify_format(source) if isinstance(source, bytes) else None)
    if isinstance(outcome, str):
        return stats._replace(problem=_find_problem(source, stats.format, outcome, frame))
    if isinstance(source, Image.Image) and _is_rotated(source):
        stats = stats._replace(size=stats.size[::-1])
    std, ink = _contrast(outcome)
    pixel_hash = content_digest(outcome, 0)
    return stats._replace(std=std, ink=ink, pixel_hash=pixel_hash, frames=frames)


def _find_problem(source: ImageSource, form: str | None, message: str, frame: int) -> ImageProblem:
    if form is None:
        return ImageProblem.NO_IMAGE
    if form not in FORMATS and not isinstance(source, Image.Image):
        return ImageProblem.UNSUPPORTED_FORMAT
    if isinstance(source, Image.Image):
        frames = count_frames(source)
        if not -frames <= frame < frames:
            return ImageProblem.MISSING_FRAME
    # Pillow has no exception class for truncated files.
    truncated = "truncated" in message.lower()
    return ImageProblem.TRUNCATED if truncated else ImageProblem.DAMAGED


def _stored_stats(image: Image.Image) -> ImageStats:
    """Return the statistics in the file's header, without decoding the image."""
    # Pillow calls a JPEG with previews MPO.
    form = "JPEG" if image.format == "MPO" else image.format
    return ImageStats(
        format=form, mode=image.mode, size=image.size, transparent=is_transparent(image)
    )


def _is_rotated(image: Image.Image) -> bool:
    """Whether the EXIF orientation swaps width and height.

    Pillow decodes a PNG to find out, so call this only for images that are decoded anyway.
    """
    with suppress(*DECODE_ERRORS):  # metadata can be broken in a good image
        return image.getexif().get(ExifTags.Base.Orientation) in _ROTATED
    return False


def _contrast(image: np.ndarray) -> tuple[float, float]:
    """Return the highest `std` and the highest `ink` of the channels of uint8 (C, H, W)."""
    stds, inks = zip(*map(_channel_contrast, image), strict=True)
    return max(stds), max(inks)


def _channel_contrast(pixels: np.ndarray) -> tuple[float, float]:
    counts = np.bincount(pixels.ravel(), minlength=256)
    variance = counts @ _LEVELS**2 / pixels.size - (counts @ _LEVELS / pixels.size) ** 2
    used = counts.nonzero()[0]
    threshold = (used[-1] - used[0]) / 4
    ink = counts[abs(_LEVELS - counts.argmax()) > threshold].sum() / pixels.size
    return max(float(variance), 0.0) ** 0.5, float(ink)
