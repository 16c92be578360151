"""Decode an image and bring it to the size and range that the network was trained on.

Shapes: B batch, C channels, H height, W width.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, ImageStat, UnidentifiedImageError

from ocr.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
# No others: Pillow would hand PostScript to Ghostscript, and has many rarely used parsers.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")

# What Pillow raises on broken bytes; each is turned into one line that names the image.
DECODE_ERRORS = (
    ArithmeticError,
    AssertionError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    UnidentifiedImageError,
    ValueError,
    struct.error,
)

MIN_HEIGHT, MAX_HEIGHT = 40, 50  # pixels, of what is chosen by itself
FLAT = 2.0  # standard deviation of grey values; less can't be read
COLOURFUL = 0.2  # spread of the colour, compared to that of the brightness

MAX_WIDTH = 16_384  # pixels; a longer line than that is a mistake, and would eat the memory

ImageSource = str | Path | bytes | Image.Image | np.ndarray


class Batch(NamedTuple):
    """Images of one batch and their captions, as the data module hands them out."""

    images: torch.Tensor  # (B, C, H, W), uint8 from the loader, float after `Normalizer.floats`
    widths: torch.Tensor  # (B,) pixels without padding
    targets: torch.Tensor  # (sum of lengths,) ids of all captions, one after another
    target_lengths: torch.Tensor  # (B,)
    index: torch.Tensor | None = None  # (B,) which images of their part these are


class Normalizer:
    """One preparation of images, for training, reading and everything after.

    height: every image is brought to this height, in pixels.
    width: None keeps the proportions and pads a batch to its widest image; a number squashes
        every image to that width.
    channels: 1 for grey, 3 for colour.
    mean, std: of the training images, on the scale 0 to 1.
    polarity: keep, or dark: text that is lighter than what is around it is inverted.
    contrast: keep, or stretch: each image's darkest and lightest pixels become black and white.
    """

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        channels: int | None = 1,
        mean: float = 0.5,
        std: float = 0.25,
        polarity: str = "keep",
        contrast: str = "keep",
    ) -> None:
        if channels not in (1, 3, None):
            raise UserError(f"data.channels is {channels}; it takes 1 (grey) or 3 (colour)")
        for key, value, other in (
            ("polarity", polarity, "dark"),
            ("contrast", contrast, "stretch"),
        ):
            if value not in ("keep", other):
                raise UserError(f"data.{key}={value}: choose keep or {other}")
        for key, value in {"height": height, "width": width}.items():
            if value is not None and not (isinstance(value, int) and value > 0):
                raise UserError(f"data.{key}={value}: give a number of pixels, 1 or more")
        self.height = height
        self.width = width
        self.channels = channels
        self.mean = mean
        self.std = std
        self.polarity = polarity
        self.contrast = contrast

    def suit(self, images: Sequence[Image.Image]) -> None:
        """Choose the height and the channels that were left open (None) by what `images` are.

        Their median height, but no lower than a network that begins by halving it needs, and no
        higher than one of our size profits from; colour if they have any that grey would lose.
        """
        if self.height is None:
            heights = sorted(image.height for image in images) or [MAX_HEIGHT]
            self.height = min(max(heights[len(heights) // 2], MIN_HEIGHT), MAX_HEIGHT)
        if self.channels is None:
            shares = sorted(_colourfulness(image) for image in images) or [0.0]
            self.channels = 3 if shares[len(shares) // 2] > COLOURFUL else 1

    def state(self) -> dict[str, int | float | None]:
        """The arguments that build this normalizer again, plain enough for a checkpoint."""
        return dict(vars(self))

    def fit(self, images: Sequence[torch.Tensor]) -> None:
        """Take mean and std from uint8 `images`, (C, H, W) each."""
        pixels = torch.cat([image.flatten() for image in images]).double() / 255
        self.mean = round(pixels.mean().item(), 4)
        # A set of blank images has no spread; a floor keeps the division finite.
        self.std = round(max(pixels.std().item(), 0.01), 4)

    def scaled_width(self, width: int, height: int) -> int:
        """The width, as the network sees it, of an image of that size."""
        return self.width or max(1, round(width * self.height / height))

    def decode(self, source: ImageSource, name: str = "image") -> torch.Tensor:
        """uint8 (C, H, W) of a path, encoded bytes, a PIL image or an array.

        An array is (H, W[, 1, 3 or 4]), of uint8, or of floats from 0 to 1.

        Raises UserError, naming the path or `name`, when there is no readable image in it.
        """
        if isinstance(source, str | Path):
            name = str(source)
        with _one_line(name):
            return self._fit(open_image(source, name, "L" if self.channels == 1 else "RGB"))

    def _fit(self, image: Image.Image) -> torch.Tensor:
        if self.contrast == "stretch":
            image = ImageOps.autocontrast(image, cutoff=1, preserve_tone=True)
        if self.polarity == "dark" and _light_text(image):
            image = ImageOps.invert(image)
        width = self.scaled_width(*image.size)
        if width > MAX_WIDTH:
            raise ValueError(f"{width} pixels wide at data.height={self.height}")
        if image.size != (width, self.height):
            image = image.resize((width, self.height), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image))
        return pixels.unsqueeze(0) if self.channels == 1 else pixels.permute(2, 0, 1).contiguous()

    def batch(self, images: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 (B, C, H, W), padded on the right, and the widths (B,) before padding."""
        widths = [image.shape[-1] for image in images]
        widest = max(widths)
        if min(widths) == widest:
            padded = torch.stack(list(images))
        else:
            padded = images[0].new_zeros(len(images), *images[0].shape[:2], widest)
            for row, image in zip(padded, images, strict=True):
                row[..., : image.shape[-1]] = image
        return padded, torch.tensor(widths)

    def floats(self, images: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """Normalised float (B, C, H, W) of a uint8 batch; padding is exactly 0, the mean."""
        scale = 1 / (255 * self.std)
        images = images.to(torch.float32).mul_(scale).sub_(self.mean / self.std)
        return blank_padding(images, widths)


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


def open_image(source: ImageSource, name: str = "image", mode: str = "RGB") -> Image.Image:
    """The picture in what `Normalizer.decode` takes: decoded, upright, opaque, in `mode`.

    Raises UserError, naming the path or `name`, when there is no readable image in it.
    """
    if isinstance(source, str | Path):
        name = str(source)
    with _one_line(name):
        if isinstance(source, str | Path):
            source = Path(source).read_bytes()
        if isinstance(source, bytes):
            image = Image.open(io.BytesIO(source), formats=FORMATS)
        elif isinstance(source, np.ndarray):
            image = Image.fromarray(_pixels(source))
        elif isinstance(source, Image.Image):
            image = source
        else:
            raise ValueError("expected a path, bytes, a PIL image or an array")
        if image.width * image.height > Image.MAX_IMAGE_PIXELS:
            # Pillow itself only warns here, and raises at twice the limit.
            raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
        image.load()
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # or it would only be copied
            image = ImageOps.exif_transpose(image)
        return _opaque(image, mode)


def _pixels(array: np.ndarray) -> np.ndarray:
    """(H, W[, 1, 3 or 4]) of bytes, or of floats from 0 to 1, as Pillow takes it."""
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype.kind == "f":
        if not (array.size and array.min() >= 0 and array.max() <= 1):
            raise ValueError("floats must be from 0 to 1")
        array = (array * 255).round().astype(np.uint8)
    return array


def is_transparent(image: Image.Image) -> bool:
    """Whether some of it may be; its pixels needn't be decoded."""
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _opaque(image: Image.Image, mode: str) -> Image.Image:
    """The image in `mode`, what is transparent on white: the paper that it was meant for."""
    if image.mode.startswith("I"):
        # Room for 16 bits or more, of which a camera may use 10, 12 or 14; how many, the brightest
        # pixel tells. Pillow's own conversion to 8 bits clips instead of scaling.
        pixels = np.asarray(image).astype(np.int64)
        depth = next((bits for bits in (8, 10, 12, 14) if pixels.max() < 2**bits), 16)
        pixels = pixels >> (depth - 8)
        return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert(mode)
    if is_transparent(image):
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        on_white = _on("white", rgba, mode)
        if _spread(on_white) >= FLAT:
            return on_white
        on_black = _on("black", rgba, mode)  # white text is gone on white paper
        return on_black if _spread(on_black) >= FLAT else on_white
    return image if image.mode == mode else image.convert(mode)


def _on(paper: str, rgba: Image.Image, mode: str) -> Image.Image:
    # In `mode` at once: a large image in full colour, several times over, takes gigabytes.
    opaque = Image.new(mode, rgba.size, paper)
    opaque.paste(rgba.convert(mode), mask=rgba)
    return opaque


def _spread(image: Image.Image) -> float:
    """Standard deviation of the brightness, 0 to 128."""
    return ImageStat.Stat(image.convert("L")).stddev[0]


def _colourfulness(image: Image.Image) -> float:
    """The spread of the colour, compared to that of the brightness."""
    small = image.copy()
    small.thumbnail((256, 64))
    brightness, blue, red = ImageStat.Stat(small.convert("YCbCr")).stddev
    return max(blue, red) / max(brightness, 1.0)


def _light_text(image: Image.Image) -> bool:
    """Whether most of the image, its background, is darker than the rest."""
    grey = ImageStat.Stat(image.convert("L"))
    return grey.median[0] < grey.mean[0]


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    try:
        yield
    except DECODE_ERRORS as error:
        raise UserError(f"{name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image, or a damaged one"
    if isinstance(error, Image.DecompressionBombError):
        return f"more pixels than a text image can need ({error})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    detail = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"not a readable image ({detail})"
