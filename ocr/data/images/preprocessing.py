"""Bring images to the size, contrast and range that the network expects.

Shapes: B batch, C channels, H height, W width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ocr.data.images.contrast import (
    brightness_histogram,
    colourfulness,
    has_light_text,
    normalize_contrast,
    principal_grey,
)
from ocr.data.images.loading import ImageSource, image_errors, open_image
from ocr.errors import SettingError

if TYPE_CHECKING:  # importing torch takes seconds
    import torch

MIN_HEIGHT, MAX_HEIGHT = 40, 50  # pixels, limits of an inferred height
COLOURFUL = 0.5  # more `colourfulness` needs three channels
MIXED = 0.2  # a set has both light and dark text if each has more than this share of the images
MAX_WIDTH = 16_384  # pixels; a wider image is a mistake, and would exhaust the memory

INFERRED = ("height", "channels", "polarity")  # settings that may be None, and are then inferred
SETTINGS = (
    *INFERRED,
    "width",
    "contrast",
    "grey",
    "frame",
)  # mean and std are measured


class Preprocessor:
    """Prepares images in the same way for training and for reading.

    It is fitted to the training images once, by `infer` and `fit`, and does not change afterwards.

    Args:
        height: Height of every prepared image, in pixels; None: inferred.
        width: Width of every prepared image, in pixels; None keeps the proportions, and batches are
            padded.
        channels: 1 for grey, 3 for colour; None: inferred.
        mean: Mean of the training images' pixels, on the scale 0 to 1.
        std: Standard deviation of the training images' pixels, on the scale 0 to 1.
        polarity: "keep", or "dark" to invert text that is lighter than its background; None:
            inferred.
        contrast: "keep", or "stretch" to map each image's darkest and lightest pixels to black and
            white.
        grey: How colours become grey: "luma", or "principal", see `principal_grey`.
        frame: Which of an image's frames or pages is read, from 0; -1 is the last.

    Raises:
        UserError: A value is not allowed.
    """

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        channels: int | None = 1,
        mean: float = 0.5,
        std: float = 0.25,
        polarity: str | None = "keep",
        contrast: str = "keep",
        grey: str = "luma",
        frame: int = 0,
    ) -> None:
        if channels not in (1, 3, None):
            raise SettingError(f"data.channels={channels}: give 1 (grey) or 3 (colour)")
        for key, value, choices in (
            ("polarity", polarity, ("keep", "dark", None)),
            ("contrast", contrast, ("keep", "stretch")),
            ("grey", grey, ("luma", "principal")),
        ):
            if value not in choices:
                raise SettingError(f"data.{key}={value}: give {choices[0]} or {choices[1]}")
        for key, size in {"height": height, "width": width}.items():
            if size is not None and not (isinstance(size, int) and size > 0):
                raise SettingError(f"data.{key}={size}: give a number of pixels, 1 or more")
        if isinstance(frame, bool) or not isinstance(frame, int):
            raise SettingError(
                f"data.frame={frame}: give a whole number, 0 for the first, -1 for the last"
            )
        self.height = height
        self.width = width
        self.channels = channels
        self.mean = mean
        self.std = std
        self.polarity = polarity
        self.contrast = contrast
        self.grey = grey
        self.frame = frame

    @property
    def open_settings(self) -> list[str]:
        """The settings that are still None and have to be inferred."""
        return [key for key in INFERRED if getattr(self, key) is None]

    def infer(self, images: Sequence[Image.Image]) -> dict[str, Any]:
        """Infer the open settings.

        The height is the images' median height within MIN_HEIGHT and MAX_HEIGHT; there are three
        channels if grey would lose much of most images; the polarity is "dark" if some images have
        light text and others dark text.

        Args:
            images: RGB images of the data set.

        Returns:
            The settings that were inferred.
        """
        open_settings = self.open_settings
        if self.height is None:
            heights = sorted(image.height for image in images) or [MAX_HEIGHT]
            self.height = min(max(heights[len(heights) // 2], MIN_HEIGHT), MAX_HEIGHT)
        if self.channels is None:
            colours = sorted(colourfulness(image) for image in images) or [0.0]
            self.channels = 3 if colours[len(colours) // 2] > COLOURFUL else 1
        if self.polarity is None:
            shown = images if self.channels == 3 else map(self._grey, images)
            light = sum(has_light_text(brightness_histogram(image)) for image in shown)
            mixed = MIXED * len(images) < light < (1 - MIXED) * len(images)
            self.polarity = "dark" if mixed else "keep"
        return {key: getattr(self, key) for key in open_settings}

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Measure mean and std.

        Args:
            images: uint8, (C, H, W) each, as `decode` returns them.
        """
        pixels = np.concatenate([image.ravel() for image in images]) / 255
        self.mean = round(float(pixels.mean()), 4)
        # Blank images have no deviation; the minimum keeps the division finite.
        self.std = round(max(float(pixels.std()), 0.01), 4)

    def use_statistics_of(self, other: "Preprocessor") -> None:
        """Take mean and std from the preprocessor that pretrained weights were trained with."""
        self.mean, self.std = other.mean, other.std

    def state(self) -> dict[str, int | float | str | None]:
        """Return the arguments that build this preprocessor again, for a checkpoint."""
        return dict(vars(self))

    def scaled_width(self, width: int, height: int) -> int:
        """Return the width of a prepared image.

        Args:
            width: The original width in pixels.
            height: The original height in pixels.
        """
        return self.width or max(1, round(width * self._known_height / height))

    def decode(self, source: ImageSource, name: str = "image") -> np.ndarray:
        """Decode and prepare an image, without normalizing it.

        Args:
            source: A path, encoded bytes, a PIL image, or an array (H, W[, 1, 3 or 4]) of integers,
                booleans or floats from 0 to 1.
            name: The name in messages, unless `source` is a path.

        Returns:
            uint8 (C, H, W).

        Raises:
            UserError: It is not a readable image; the message begins with the path or `name`.
        """
        if isinstance(source, str | Path):
            name = str(source)
        with image_errors(name):
            mode = "RGB" if self.channels == 3 else "L" if self.grey == "luma" else None
            return self._resize(self.open(source, name, mode))

    def open(
        self, source: ImageSource, name: str = "image", mode: str | None = "RGB"
    ) -> Image.Image:
        """Open an image with this preprocessor's frame and contrast; see `open_image`."""
        return open_image(source, name, mode, self.frame, self.contrast == "stretch")

    def normalize(self, images: "torch.Tensor", widths: "torch.Tensor") -> "torch.Tensor":
        """Normalize a batch to zero mean and unit deviation.

        Args:
            images: uint8 (B, C, H, W).
            widths: The widths without padding, (B,).

        Returns:
            Float (B, C, H, W), in which padding is 0.
        """
        from ocr.data.collate import blank_padding  # imports torch

        scale = 1 / (255 * self.std)
        return blank_padding(images.float().mul_(scale).sub_(self.mean / self.std), widths)

    @property
    def _known_height(self) -> int:
        if self.height is None:
            raise ValueError("the height is not known before `infer`")
        return self.height

    def _resize(self, image: Image.Image) -> np.ndarray:
        if self.channels == 1:
            image = self._grey(image)
        size = self.scaled_width(*image.size), self._known_height
        if size[0] > MAX_WIDTH:
            raise ValueError(f"{size[0]} pixels wide at data.height={self.height}")
        if image.size != size:
            image = image.resize(size, Image.Resampling.BILINEAR)
        # Resizing first, as it removes much of the noise.
        pixels = normalize_contrast(image, self.contrast == "stretch", self.polarity == "dark")
        return pixels[None] if self.channels == 1 else pixels.transpose(2, 0, 1).copy()

    def _grey(self, image: Image.Image) -> Image.Image:
        if self.grey == "principal" and image.mode == "RGB":
            return principal_grey(image)
        return image.convert("L")
