"""Keep what training's own check of the images sees and forgets."""

import io
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from ocr.data.images import DECODE_ERRORS, FORMATS, ImageSource, Normalizer, is_transparent
from ocr.data.preflight import digest
from ocr.data.spelling import Spelling
from ocr.errors import UserError

_GREYS = np.arange(256)
_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height


@dataclass(frozen=True, slots=True)
class Look:
    """An image file as it is stored, and what it comes out as.

    size: width and height, upright. spread: standard deviation of the brightness, as training sees
    it. ink: the share of its pixels that clearly differ from the background. pixels: 64 bits of
    what training sees. error: why it can't be read, None if it can.
    """

    format: str | None = None
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    transparent: bool = False
    spread: float = 0.0
    ink: float = 0.0
    pixels: int = 0
    error: str | None = None


class Watch(Normalizer):
    """Does what `normalizer` would, and keeps a `Look` at each image by its name."""

    def __init__(self, normalizer: Normalizer, looks: dict[str, Look]) -> None:
        super().__init__(**normalizer.state())
        self.looks = looks

    def state(self) -> dict[str, int | float | None]:
        """Without what was kept."""
        return {key: value for key, value in super().state().items() if key != "looks"}

    def decode(self, source: ImageSource, name: str = "image") -> torch.Tensor:
        """As `Normalizer.decode`."""
        look = _stored(source)
        try:
            image = super().decode(source, name)
        except UserError as error:
            self.looks[name] = replace(look, error=str(error).removeprefix(f"{name}: "))
            raise
        spread, ink = _brightness(image)
        pixels = digest(image.numpy().tobytes(), 0)
        self.looks[name] = replace(look, spread=spread, ink=ink, pixels=pixels)
        return image


class Listener:
    """Does what `spelling` would, and keeps the captions as they are written."""

    def __init__(self, spelling: Spelling, heard: list[str]) -> None:
        self.spelling = spelling
        self.heard = heard

    def spell(self, texts: Iterable[str]) -> list[str]:
        """As `Spelling.spell`."""
        self.heard += texts
        return self.spelling.spell(self.heard)


def _stored(source: ImageSource) -> Look:
    """What the first bytes say; nothing is decoded for it."""
    with suppress(*DECODE_ERRORS), Image.open(io.BytesIO(source), formats=FORMATS) as image:
        width, height = image.size
        # Pillow would decode a PNG to tell.
        if image.format != "PNG" and image.getexif().get(0x0112) in _TURNED:
            width, height = height, width
        return Look(image.format, image.mode, (width, height), is_transparent(image))
    return Look()


def _brightness(image: torch.Tensor) -> tuple[float, float]:
    """Spread and ink of uint8 (C, H, W): those of the channel that has most."""
    channels = image.flatten(1).numpy()
    counts = np.stack([np.bincount(channel, minlength=256) for channel in channels])
    shares = counts / channels.shape[1]  # (C, 256)
    variance = shares @ _GREYS**2 - (shares @ _GREYS) ** 2
    lightest = 255 - (counts[:, ::-1] > 0).argmax(1)
    clearly = (lightest - (counts > 0).argmax(1)) / 4
    background = counts.argmax(1)
    ink = shares * (abs(_GREYS - background[:, None]) > clearly[:, None])
    return float(np.sqrt(max(variance.max(), 0))), float(ink.sum(1).max())
