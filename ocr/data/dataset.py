"""The images of one part."""

import numpy as np

from ocr.data.images.cache import ImageCache
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Samples
from ocr.data.text.charset import Charset
from ocr.errors import UserError


class CaptionedImages:
    """Images with the ids of their captions: a data set for torch's DataLoader.

    Args:
        samples: The images.
        preprocessor: Prepares them.
        charset: Encodes their captions.
        cache: Holds decoded images.

    Attributes:
        repeats: How many times over the set counts; an index is taken modulo the images.
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
        """The number of images, times `repeats`."""
        return len(self.samples) * self.repeats

    def __getitem__(self, index: int) -> tuple[np.ndarray, list[int], int]:
        """Return uint8 (C, H, W), the caption's ids, and which of the images it is."""
        index %= len(self.samples)
        return self.image(index), self.charset.encode(str(self.samples.texts[index])), index

    @property
    def widths(self) -> np.ndarray:
        """Of each image, in pixels, as the network sees it."""
        return self.samples.widths

    @property
    def characters(self) -> int:
        """In all captions."""
        return int(self.samples.lengths.sum())

    def image(self, index: int) -> np.ndarray:
        """Return uint8 (C, H, W), from the cache or decoded anew."""
        name = str(self.samples.names[index])
        image = self.cache.get(name)
        if image is None:
            try:
                source = self.samples.read(index)
            except OSError as error:  # the file was there when the run began
                raise UserError(f"{name}: {error.strerror or error}") from error
            image = self.preprocessor.decode(source, name)
            self.cache.put(name, image)
        return image
