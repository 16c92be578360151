"""The dataset of one part of the split."""

import numpy as np

from ocr.data.images.cache import ImageCache
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Samples
from ocr.data.text.charset import Charset
from ocr.errors import UserError


class CaptionedImages:
    """A map-style dataset of images with the ids of their captions.

    Args:
        samples: The images and their captions.
        preprocessor: Decodes and prepares the images.
        charset: Encodes the captions.
        cache: Keeps decoded images.

    Attributes:
        repeats: How many times the images are repeated in the dataset.
    """

    def __init__(
        self,
        samples: Samples,
        preprocessor: Preprocessor,
        charset: Charset,
        cache: ImageCache,
    ) -> None:
        self.samples = samples
        self.preprocessor = preprocessor
        self.charset = charset
        self.cache = cache
        self.repeats = 1

    def __len__(self) -> int:
        """Return the number of images, times `repeats`."""
        return len(self.samples) * self.repeats

    def __getitem__(self, index: int) -> tuple[np.ndarray, list[int], int]:
        """Return the image, uint8 (C, H, W), its caption's ids, and its index in `samples`."""
        index %= len(self.samples)
        return self.image(index), self.charset.encode(str(self.samples.texts[index])), index

    @property
    def widths(self) -> np.ndarray:
        """The widths of the prepared images in pixels, (N,)."""
        return self.samples.widths

    @property
    def characters(self) -> int:
        """The number of characters in all captions."""
        return int(self.samples.lengths.sum())

    def image(self, index: int) -> np.ndarray:
        """Return an image, uint8 (C, H, W), from the cache or from its file."""
        name = str(self.samples.names[index])
        image = self.cache.get(name)
        if image is None:
            try:
                source = self.samples.read(index)
            except OSError as error:  # deleted since the scan
                raise UserError(f"{name}: {error.strerror or error}") from error
            image = self.preprocessor.decode(source, name)
            self.cache.put(name, image)
        return image
