"""Open an image from a file, encoded bytes, a PIL image or an array."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ocr.data.images.contrast import brightness_std
from ocr.data.images.depth import to_uint8
from ocr.data.images.formats import FORMATS, identify_format
from ocr.errors import UserError
from ocr.formatting import pluralize

# What Pillow raises for damaged images.
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

BLANK_STD = 2.0  # standard deviation of grey values; an image with less is blank
_INTERMEDIATE_MODES = {"La": "LA", "LAB": "RGB"}
GREY_MODES = ("1", "L", "LA", "I", "F")  # before a ";", as in "I;16"

ImageSource = str | Path | bytes | Image.Image | np.ndarray


def open_image(
    source: ImageSource,
    name: str = "image",
    mode: str | None = "RGB",
    frame: int = 0,
    stretch: bool = False,
) -> Image.Image:
    """Open and decode an image, and make it upright and opaque.

    Args:
        source: A path, encoded bytes, a PIL image, or an array; see `Preprocessor.decode`.
        name: The name in messages, unless `source` is a path.
        mode: "L" or "RGB"; None: L for images without colour, RGB for others.
        frame: The number of the frame or page, from 0; -1 is the last.
        stretch: See `to_uint8`.

    Returns:
        The image in `mode`.

    Raises:
        UserError: It is not a readable image; the message begins with the path or `name`.
    """
    if isinstance(source, str | Path):
        name = str(source)
    with image_errors(name):
        if isinstance(source, str | Path):
            source = Path(source).read_bytes()
        if isinstance(source, bytes):
            image = _identified(source, name)
        elif isinstance(source, np.ndarray):
            image = Image.fromarray(_pixels(source, stretch))
        elif isinstance(source, Image.Image):
            image = source
        else:
            raise ValueError("expected a path, bytes, a PIL image or an array")
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or float("inf")):
            # Pillow only warns here, and raises an error at twice the limit.
            raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
        if not (image.width and image.height):
            raise ValueError("it has no pixels")
        _seek_frame(image, frame, name)
        image.load()
        if mode_between := _INTERMEDIATE_MODES.get(image.mode):
            image = image.convert(mode_between)  # Pillow cannot convert some modes directly
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # avoids a copy
            image = ImageOps.exif_transpose(image)
        grey = image.mode.partition(";")[0] in GREY_MODES
        return _opaque(image, mode or ("L" if grey else "RGB"), stretch)


def _identified(content: bytes, name: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        form = identify_format(content)
        if form is None or form in FORMATS:
            raise
        raise UserError(f"{name}: {form}, which isn't read: save it as PNG") from error


def count_frames(image: Image.Image) -> int:
    """Count the frames of an animation, or the pages of a TIFF.

    The additional images in a telephone's JPEG (MPO), such as a preview, do not count.
    """
    if image.format == "MPO":
        return 1
    try:
        return getattr(image, "n_frames", 1)
    except DECODE_ERRORS:  # the file is damaged after the first one
        return 1


def count_frames_in_bytes(content: bytes) -> int:
    """Count the frames of an encoded image that can be opened; see `count_frames`."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        return count_frames(image)


def _seek_frame(image: Image.Image, frame: int, name: str) -> None:
    """Go to a frame, unless the caller has already chosen one."""
    if frame == 0 or getattr(image, "tell", int)() != 0:
        return
    count = count_frames(image)
    number = frame if frame >= 0 else count + frame
    if not 0 <= number < count:
        frames = pluralize(count, "frame or page", "frames or pages")
        raise UserError(f"{name}: it has {frames}, and no data.frame={frame}")
    if number:
        image.seek(number)


def _pixels(array: np.ndarray, stretch: bool) -> np.ndarray:
    """Convert an array (H, W[, 1, 3 or 4]) of any numbers to one that Pillow takes."""
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype.kind == "f" and array.size and array.max() > 1:
        raise ValueError("floats must be from 0 to 1")
    return to_uint8(array, stretch)


def is_transparent(image: Image.Image) -> bool:
    """Return whether an image may have transparent pixels, without decoding it."""
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _opaque(image: Image.Image, mode: str, stretch: bool) -> Image.Image:
    """Convert an image to a mode, with transparent pixels on white."""
    if image.mode.startswith(("I", "F")):
        # Pillow's own conversion to 8 bits clips instead of scaling.
        return Image.fromarray(to_uint8(np.asarray(image), stretch)).convert(mode)
    if is_transparent(image):
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        on_white = _composite("white", rgba, mode)
        if brightness_std(on_white) >= BLANK_STD:
            return on_white
        on_black = _composite("black", rgba, mode)  # where white text is visible
        return on_black if brightness_std(on_black) >= BLANK_STD else on_white
    return image if image.mode == mode else image.convert(mode)


def _composite(background: str, rgba: Image.Image, mode: str) -> Image.Image:
    # In the final mode, as copies of a large RGBA image would take gigabytes.
    opaque = Image.new(mode, rgba.size, background)
    opaque.paste(rgba.convert(mode), mask=rgba)
    return opaque


@contextmanager
def image_errors(name: str) -> Iterator[None]:
    """Turn errors of a damaged image into a UserError that names it."""
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
