"""Keep what training's own check of the images sees and forgets."""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image

from ocr.data.images.formats import identify_format
from ocr.data.images.loading import DECODE_ERRORS, ImageSource, is_transparent
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import ImageCache, Scanner, ScanResult, digest
from ocr.data.text.unicode import TextNormalizer

_GREYS = np.arange(256.0)
_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height


class Look(NamedTuple):
    """An image file as it is stored, and what it comes out as.

    size: width and height, upright. spread: standard deviation of the brightness, as training sees
    it. ink: the share of its pixels that clearly differ from the background. pixels: 64 bits of
    what training sees. frames: how many it has, or pages. error: why it can't be read, None if it
    can. worthless: there certainly is no image in it.
    """

    format: str | None = None
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    transparent: bool = False
    spread: float = 0.0
    ink: float = 0.0
    pixels: int = 0
    frames: int = 1
    worthless: bool = False
    error: str | None = None


class Closer(Scanner):
    """Looks as training does, and takes a `Look` besides: `looks`, by the image's name."""

    def __init__(
        self, preprocessor: Preprocessor, cache: ImageCache, seed: int, looks: dict[str, Look]
    ) -> None:
        super().__init__(preprocessor, cache, seed)
        self.looks = looks

    def note(self, source: ImageSource, outcome: np.ndarray | str) -> Look:
        """A `Look`."""
        look = _stored(source) if isinstance(source, Image.Image) else Look()
        if isinstance(outcome, str):
            worthless = isinstance(source, bytes) and identify_format(source) is None
            return look._replace(error=outcome, worthless=worthless)
        if isinstance(source, Image.Image) and _turned(source):
            look = look._replace(size=look.size[::-1])
        spread, ink = _brightness(outcome)
        pixels = digest(outcome, 0)
        return look._replace(spread=spread, ink=ink, pixels=pixels)

    def keep(self, looked: ScanResult) -> Sample | Skipped:
        """And the `Look`."""
        if looked.note:
            self.looks[looked.sample.name] = looked.note._replace(frames=looked.frames)
        return super().keep(looked)


class Listener:
    """Does what `spelling` would, and keeps the captions as they are written."""

    def __init__(self, spelling: TextNormalizer, heard: list[str]) -> None:
        self.spelling = spelling
        self.heard = heard

    def normalize(self, texts: Iterable[str]) -> list[str]:
        """As `Spelling.spell`."""
        self.heard += texts
        return self.spelling.normalize(self.heard)


def _stored(image: Image.Image) -> Look:
    """What its file says of it; nothing is decoded for that."""
    form = "JPEG" if image.format == "MPO" else image.format  # Pillow's name for one with previews
    return Look(form, image.mode, image.size, is_transparent(image))


def _turned(image: Image.Image) -> bool:
    """Whether a decoded image lies on its side. Pillow would decode a PNG to tell."""
    with suppress(*DECODE_ERRORS):  # metadata may be broken in an image that isn't
        return image.getexif().get(ExifTags.Base.Orientation) in _TURNED
    return False


def _brightness(image: np.ndarray) -> tuple[float, float]:
    """Spread and ink of uint8 (C, H, W): those of the channel that has most."""
    spreads, inks = zip(*map(_tones, image), strict=True)
    return max(spreads), max(inks)


def _tones(pixels: np.ndarray) -> tuple[float, float]:
    counts = np.bincount(pixels.ravel(), minlength=256)
    variance = counts @ _GREYS**2 / pixels.size - (counts @ _GREYS / pixels.size) ** 2
    there = counts.nonzero()[0]
    clearly = (there[-1] - there[0]) / 4
    ink = counts[abs(_GREYS - counts.argmax()) > clearly].sum() / pixels.size
    return max(float(variance), 0.0) ** 0.5, float(ink)
