"""Open an image, whatever it comes in: a file, bytes, a picture or an array."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ocr.data.tones import spread
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

FLAT = 2.0  # standard deviation of grey values; less can't be read
_BETWEEN = {"La": "LA", "LAB": "RGB"}
GREYS = ("1", "L", "LA", "I", "F")  # Pillow's modes without colour; "I;16" is an I as well

ImageSource = str | Path | bytes | Image.Image | np.ndarray


def open_image(source: ImageSource, name: str = "image", mode: str | None = "RGB") -> Image.Image:
    """The picture in what `Normalizer.decode` takes: decoded, upright, opaque, in `mode`.

    mode: L or RGB; None: L for what is stored without colour, RGB for others.
    Raises UserError, naming the path or `name`, when there is no readable image in it.
    """
    if isinstance(source, str | Path):
        name = str(source)
    with one_line(name):
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
        if not (image.width and image.height):
            raise ValueError("it has no pixels")
        image.load()
        if between := _BETWEEN.get(image.mode):  # Pillow can't convert these to all others
            image = image.convert(between)
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # or it would only be copied
            image = ImageOps.exif_transpose(image)
        grey = image.mode.partition(";")[0] in GREYS
        return _opaque(image, mode or ("L" if grey else "RGB"))


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
        if spread(on_white) >= FLAT:
            return on_white
        on_black = _on("black", rgba, mode)  # white text is gone on white paper
        return on_black if spread(on_black) >= FLAT else on_white
    return image if image.mode == mode else image.convert(mode)


def _on(paper: str, rgba: Image.Image, mode: str) -> Image.Image:
    # In `mode` at once: a large image in full colour, several times over, takes gigabytes.
    opaque = Image.new(mode, rgba.size, paper)
    opaque.paste(rgba.convert(mode), mask=rgba)
    return opaque


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """Make what goes wrong with an image a UserError that names it."""
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
