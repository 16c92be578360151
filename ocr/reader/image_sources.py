"""Convert the kinds of images that a `Reader` accepts."""

import io
import sys
from collections.abc import Iterable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard, Union

import numpy as np
from PIL import Image

from ocr.data.images.loading import ImageSource
from ocr.errors import UserError

if TYPE_CHECKING:  # it takes seconds to import
    import torch

ReaderSource = Union[ImageSource, PathLike, bytearray, memoryview, BinaryIO, "torch.Tensor"]

EXPECTED = "a path, a file opened as 'rb', encoded bytes, a PIL image, an array or a tensor"
CHANNELS = (1, 3, 4)
MAX_PATH = 4096  # characters; a longer string is no path but the content of a file


def as_images(images: ReaderSource | Iterable[ReaderSource]) -> tuple[Iterable[ReaderSource], bool]:
    """Wrap a single image into a list.

    Args:
        images: An image or an iterable of images, as for `Reader.read`.

    Returns:
        The images, and whether `images` was a single one.

    Raises:
        UserError: If `images` is neither an image nor an iterable.
    """
    if isinstance(images, np.ndarray) and images.dtype.kind in "OU":  # of paths
        return list(images.flat), False
    single = (str, bytes, bytearray, memoryview, PathLike, Image.Image, np.ndarray)
    # An open file is also iterable: it yields its lines.
    if isinstance(images, single) or _is_tensor(images) or hasattr(images, "read"):
        return [images], True
    if isinstance(images, Iterable):
        return images, False
    raise UserError(f"expected {EXPECTED}, or several of them; not {type(images).__name__}")


def image_source(source: ReaderSource) -> ImageSource:
    """Convert an image for `Reader.read` to one for `Preprocessor.decode`.

    Args:
        source: The image.

    Returns:
        A path, encoded bytes, a PIL image, or an array (H, W[, C]).

    Raises:
        UserError: If `source` can't be an image.
    """
    if isinstance(source, str):
        _require_path(source)
    if isinstance(source, PathLike):
        source = Path(source)
    if isinstance(source, str | Path):
        with suppress(OSError, ValueError):
            if Path(source).is_dir():
                raise UserError(
                    f"{source}: a folder; give the images in it, such as "
                    "sorted(pathlib.Path(...).glob('*.png'))"
                )
        return source
    if hasattr(source, "read"):
        return _read_file(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if _is_tensor(source):
        return _channels_last(_to_array(source))
    if isinstance(source, np.ndarray):
        return _channels_last(source)
    if isinstance(source, Image.Image):
        return source
    raise UserError(f"expected {EXPECTED}; not {type(source).__name__}")


def name_of(source: ReaderSource) -> str:
    """Return the name of an image for messages, or an empty text if it has none."""
    name = getattr(source, "name", source) if hasattr(source, "read") else source
    return str(name) if isinstance(name, str | PathLike) else ""


def _is_tensor(source: object) -> TypeGuard["torch.Tensor"]:
    torch = sys.modules.get("torch")  # imported by the caller if there is a tensor
    return torch is not None and isinstance(source, torch.Tensor)


def _require_path(text: str) -> None:
    if len(text) > MAX_PATH or text.startswith("data:"):
        raise UserError(
            f"{text[:30]}...: {len(text):,} characters, too long for a path; if they are base64, "
            "give base64.b64decode(...) of the part after the comma"
        )
    if text.partition("://")[0].isalpha() and "://" in text:
        raise UserError(f"{text}: a URL, not a path; download it, and give the file or its bytes")


def _read_file(file: Any) -> bytes:
    """Read all bytes of an open file, from its beginning if it is seekable."""
    name = name_of(file)
    prefix = f"{name}: " if name else ""
    if isinstance(file, io.TextIOBase):
        raise UserError(f"{prefix}a file opened as text; open it with mode 'rb'")
    try:
        if hasattr(file, "seek") and getattr(file, "seekable", lambda: True)():
            file.seek(0)
        content = file.read()
    except (OSError, ValueError) as error:  # such as a closed file
        raise UserError(f"{prefix}the file can't be read ({error})") from error
    if not isinstance(content, bytes | bytearray | memoryview):
        raise UserError(f"{prefix}its read() returns {type(content).__name__}, not bytes")
    if not content:
        raise UserError(f"{prefix}the file is empty, or was already read to its end")
    return bytes(content)


def _to_array(tensor: "torch.Tensor") -> np.ndarray:
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def _channels_last(array: np.ndarray) -> np.ndarray:
    """Convert (H, W), (C, H, W) or (H, W, C) to (H, W[, C])."""
    first = array.ndim == 3 and array.shape[0] in CHANNELS and array.shape[2] not in CHANNELS
    if array.ndim == 4:
        raise UserError(f"shape {array.shape}, a batch; give its images: list(batch)")
    if not (array.ndim == 2 or first or (array.ndim == 3 and array.shape[2] in CHANNELS)):
        raise UserError(
            f"shape {array.shape}; expected (height, width), (channels, height, width) or "
            "(height, width, channels), with 1, 3 or 4 channels"
        )
    return array.transpose(1, 2, 0) if first else array
