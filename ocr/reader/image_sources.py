"""What a Reader takes as an image: anything that a program may hold one in."""

import io
from collections.abc import Iterable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image

from ocr.data.images.loading import ImageSource
from ocr.errors import UserError

ReaderSource = ImageSource | PathLike | bytearray | memoryview | BinaryIO | torch.Tensor

EXPECTED = "a path, a file opened as 'rb', encoded bytes, a PIL image, an array or a tensor"
CHANNELS = (1, 3, 4)
LONGEST_PATH = 4096  # characters; text beyond that is the content of something


def as_images(images: ReaderSource | Iterable[ReaderSource]) -> tuple[Iterable[ReaderSource], bool]:
    """One image, or several, as several.

    Args:
        images: What `Reader.read` takes.

    Returns:
        The images, and whether `images` was a single one.

    Raises:
        UserError: It is neither an image nor something that gives images.
    """
    if isinstance(images, np.ndarray) and images.dtype.kind in "OU":  # an array of paths
        return list(images.flat), False
    single = (str, bytes, bytearray, memoryview, PathLike, Image.Image, np.ndarray, torch.Tensor)
    if isinstance(images, single) or hasattr(images, "read"):  # a file, which gives lines, too
        return [images], True
    if isinstance(images, Iterable):
        return images, False
    raise UserError(f"expected {EXPECTED}, or several of them; not {_kind(images)}")


def image_source(source: ReaderSource) -> ImageSource:
    """What `Preprocessor.decode` takes, of what `Reader.read` does.

    Raises:
        UserError: It is nothing that could hold an image.
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
        return _content(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, torch.Tensor):
        return _pixels(_array(source))
    if isinstance(source, np.ndarray):
        return _pixels(source)
    if isinstance(source, Image.Image):
        return source
    raise UserError(f"expected {EXPECTED}; not {_kind(source)}")


def name_of(source: ReaderSource) -> str:
    """What to call an image by in a message; empty if it has no name."""
    name = getattr(source, "name", source) if hasattr(source, "read") else source
    return str(name) if isinstance(name, str | PathLike) else ""


def _require_path(text: str) -> None:
    if len(text) > LONGEST_PATH or text.startswith("data:"):
        raise UserError(
            f"{text[:30]}...: {len(text):,} characters, which is no path; if they are base64, "
            "give base64.b64decode(...) of what follows the comma"
        )
    if text.partition("://")[0].isalpha() and "://" in text:
        raise UserError(f"{text}: an address, not a path; download it, and give the file or bytes")


def _content(file: Any) -> bytes:
    """All bytes of an open file, from its beginning if it can go back there."""
    if isinstance(file, io.TextIOBase):
        raise UserError("a file opened as text; open it with mode 'rb'")
    try:
        if hasattr(file, "seek") and getattr(file, "seekable", lambda: True)():
            file.seek(0)
        content = file.read()
    except (OSError, ValueError) as error:  # such as a closed one
        raise UserError(f"the file can't be read ({error})") from error
    if not isinstance(content, bytes | bytearray | memoryview):
        raise UserError(f"its read() gives {_kind(content)}, not bytes")
    if not content:
        raise UserError("the file is empty, or was read to its end already")
    return bytes(content)


def _array(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def _pixels(array: np.ndarray) -> np.ndarray:
    """(H, W[, C]) of (H, W), (C, H, W) or (H, W, C)."""
    first = array.ndim == 3 and array.shape[0] in CHANNELS and array.shape[2] not in CHANNELS
    if array.ndim == 4:
        raise UserError(f"shape {array.shape}, a batch; give its images: list(batch)")
    if not (array.ndim == 2 or first or (array.ndim == 3 and array.shape[2] in CHANNELS)):
        raise UserError(
            f"shape {array.shape}; expected (height, width), (channels, height, width) or "
            "(height, width, channels), with 1, 3 or 4 channels"
        )
    return array.transpose(1, 2, 0) if first else array


def _kind(value: object) -> str:
    return f"a {type(value).__name__}" if value is not None else "None"
