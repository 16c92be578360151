"""The images of one part."""

from collections.abc import Sequence

import numpy as np

from ocr.data.images.loading import ImageSource
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Sample
from ocr.data.scan import ImageCache
from ocr.data.text.charset import Charset
from ocr.errors import UserError


class CaptionedImages:
    """Images with the ids of their captions: a data set for torch's DataLoader.

    repeats: how many times over the set counts; an index is taken modulo the images.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
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
        """uint8 (C, H, W), the caption's ids, and which of the images it is."""
        index %= len(self.samples)
        return self.image(index), self.charset.encode(self.samples[index].text), index

    @property
    def widths(self) -> np.ndarray:
        """Of each image, in pixels, as the network will see it."""
        if hasattr(self.samples, "widths"):  # those of a pack are a column already
            return self.samples.widths
        return np.array([sample.width for sample in self.samples])

    @property
    def characters(self) -> int:
        """In all captions."""
        if hasattr(self.samples, "lengths"):
            return int(self.samples.lengths.sum())
        return sum(len(sample.text) for sample in self.samples)

    def image(self, index: int) -> np.ndarray:
        """uint8 (C, H, W), from the cache or decoded anew."""
        sample = self.samples[index]
        image = self.cache.get(sample.name)
        if image is None:
            image = self.preprocessor.decode(self._source(sample), sample.name)
            self.cache.put(sample.name, image)
        return image

    def _source(self, sample: Sample) -> ImageSource:
        try:
            return sample.source()
        except OSError as error:  # it was there when the run began
            raise UserError(f"{sample.name}: {error.strerror or error}") from error
