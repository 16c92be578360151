"""Bring images to the size, tones and range that the network was trained on.

Shapes: B batch, C channels, H height, W width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
from ocr.errors import UserError

if TYPE_CHECKING:  # it takes seconds to load, and who only looks at images needs none of it
    import torch

MIN_HEIGHT, MAX_HEIGHT = 40, 50  # pixels, of what is chosen by itself
COLOURFUL = 0.5  # colours that are farther apart beside their line than this aren't for one channel
MIXED = 0.2  # the least share of images with light text, or with dark, that is no exception

MAX_WIDTH = 16_384  # pixels; a longer line than that is a mistake, and would eat the memory

INFERRED = ("height", "channels", "polarity")  # by the images, if they are None
SETTINGS = (
    *INFERRED,
    "width",
    "contrast",
    "grey",
    "frame",
)  # of a `Preprocessor`; the rest is measured


class Preprocessor:
    """One preparation of images, for training, reading and everything after.

    height: every image is brought to this height, in pixels.
    width: None keeps the proportions and pads a batch to its widest image; a number squashes
        every image to that width.
    channels: 1 for grey, 3 for colour.
    mean, std: of the training images, on the scale 0 to 1.
    polarity: keep, or dark: text that is lighter than what is around it is inverted.
    contrast: keep, or stretch: each image's darkest and lightest pixels become black and white, but
        for a few, and in all but empty images.
    grey: how colours become grey: luma, as bright as they look, or principal, see `principal_grey`.
    frame: which of an image's frames or pages is read, from 0; -1 is the last.

    height, channels and polarity may be None until `infer` has chosen them.
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
            raise UserError(f"data.channels is {channels}; it takes 1 (grey) or 3 (colour)")
        for key, value, choices in (
            ("polarity", polarity, ("keep", "dark", None)),
            ("contrast", contrast, ("keep", "stretch")),
            ("grey", grey, ("luma", "principal")),
        ):
            if value not in choices:
                raise UserError(f"data.{key}={value}: choose {choices[0]} or {choices[1]}")
        for key, value in {"height": height, "width": width}.items():
            if value is not None and not (isinstance(value, int) and value > 0):
                raise UserError(f"data.{key}={value}: give a number of pixels, 1 or more")
        if isinstance(frame, bool) or not isinstance(frame, int):
            raise UserError(
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
        """The settings of INFERRED that are still None."""
        return [key for key in INFERRED if getattr(self, key) is None]

    def infer(self, images: Sequence[Image.Image]) -> dict[str, int | str]:
        """Choose the open settings by RGB `images`, and return them.

        Their median height, but no lower than a network that begins by halving it needs, and no
        higher than one of our size profits from; colour if one channel would lose much of theirs;
        dark if some have light text, and others dark.
        """
        inferred = self.open_settings
        if self.height is None:
            heights = sorted(image.height for image in images) or [MAX_HEIGHT]
            self.height = min(max(heights[len(heights) // 2], MIN_HEIGHT), MAX_HEIGHT)
        if self.channels is None:
            shares = sorted(colourfulness(image) for image in images) or [0.0]
            self.channels = 3 if shares[len(shares) // 2] > COLOURFUL else 1
        if self.polarity is None:
            shown = images if self.channels == 3 else map(self._grey, images)
            light = sum(has_light_text(brightness_histogram(image)) for image in shown)
            mixed = MIXED * len(images) < light < (1 - MIXED) * len(images)
            self.polarity = "dark" if mixed else "keep"
        return {key: getattr(self, key) for key in inferred}

    def state(self) -> dict[str, int | float | str | None]:
        """The arguments that build this normalizer again, plain enough for a checkpoint."""
        return dict(vars(self))

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Take mean and std from uint8 `images`, (C, H, W) each."""
        pixels = np.concatenate([image.ravel() for image in images]) / 255
        self.mean = round(float(pixels.mean()), 4)
        # A set of blank images has no spread; a floor keeps the division finite.
        self.std = round(max(float(pixels.std()), 0.01), 4)

    def use_statistics_of(self, other: "Preprocessor") -> None:
        """Take mean and std from `other`, whose weights a fine-tuned network starts with."""
        self.mean, self.std = other.mean, other.std

    def scaled_width(self, width: int, height: int) -> int:
        """The width, as the network sees it, of an image of that size."""
        return self.width or max(1, round(width * self.height / height))

    def decode(self, source: ImageSource, name: str = "image") -> np.ndarray:
        """uint8 (C, H, W) of a path, encoded bytes, a PIL image or an array.

        An array is (H, W[, 1, 3 or 4]), of integers or booleans, or of floats from 0 to 1.

        Raises UserError, naming the path or `name`, when there is no readable image in it.
        """
        if isinstance(source, str | Path):
            name = str(source)
        with image_errors(name):
            mode = "RGB" if self.channels == 3 else "L" if self.grey == "luma" else None
            return self._fit(self.open(source, name, mode))

    def open(
        self, source: ImageSource, name: str = "image", mode: str | None = "RGB"
    ) -> Image.Image:
        """`open_image` with this normalizer's frame and contrast."""
        return open_image(source, name, mode, self.frame, self.contrast == "stretch")

    def _fit(self, image: Image.Image) -> np.ndarray:
        if self.channels == 1:
            image = self._grey(image)
        width = self.scaled_width(*image.size)
        if width > MAX_WIDTH:
            raise ValueError(f"{width} pixels wide at data.height={self.height}")
        if image.size != (width, self.height):
            image = image.resize((width, self.height), Image.Resampling.BILINEAR)
        # Now, as resizing has taken much of what noise there was.
        pixels = normalize_contrast(image, self.contrast == "stretch", self.polarity == "dark")
        return pixels[None] if self.channels == 1 else pixels.transpose(2, 0, 1).copy()

    def _grey(self, image: Image.Image) -> Image.Image:
        if self.grey == "principal" and image.mode == "RGB":
            return principal_grey(image)
        return image.convert("L")

    def normalize(self, images: "torch.Tensor", widths: "torch.Tensor") -> "torch.Tensor":
        """Normalised float (B, C, H, W) of a uint8 batch; padding is exactly 0, the mean."""
        from ocr.data.collate import blank_padding

        scale = 1 / (255 * self.std)
        return blank_padding(images.float().mul_(scale).sub_(self.mean / self.std), widths)
