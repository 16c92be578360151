"""Synthetic captchas, drawn when needed: data for a first run without own images."""

import random
from dataclasses import replace

import captcha.image
import numpy as np
from PIL import Image

from ocr.data.duplicates import content_digest
from ocr.data.samples import Sample, Samples
from ocr.data.scan import Scanner
from ocr.data.sources.sample_source import Found, SampleSource
from ocr.data.validation import require_whole
from ocr.errors import SettingError


class SyntheticCaptchas(SampleSource):
    """Captchas with random captions, drawn by the captcha package.

    Args:
        count: The number of captchas.
        symbols: The characters of captions.
        length: The number of characters in each caption.
        image_width, image_height: The size of the images in pixels.
        seed: Determines the captions and images.

    Attributes:
        texts: The captions.
        names: The names of the images.
        size: The width and height of the images in pixels.

    Raises:
        UserError: A value is out of range.
    """

    order = "visual"  # the order in which characters are drawn

    def __init__(
        self,
        *,
        count: int,
        symbols: str,
        length: int,
        image_width: int,
        image_height: int,
        seed: int,
    ) -> None:
        require_whole(
            1, count=count, length=length, image_width=image_width, image_height=image_height
        )
        if str(symbols) == "":
            raise SettingError("data.symbols is empty: give the characters to draw")
        generator = random.Random(seed)
        self.texts = ["".join(generator.choices(str(symbols), k=length)) for _ in range(count)]
        self.size = (image_width, image_height)
        self.names = [f"synthetic-{seed}-{i:05d}-{text}" for i, text in enumerate(self.texts)]

    def find(self, scanner: Scanner) -> Found:
        """Return all captions; images are drawn when they are read."""
        samples = Samples.from_rows(map(Sample, self.names, self.texts), reader=self)
        scanner.infer_preprocessing(samples)
        digests = [content_digest(name.encode(), scanner.seed) for name in self.names]
        width = scanner.preprocessor.scaled_width(*self.size)
        return Found(
            replace(
                samples,
                digests=np.array(digests, np.uint64),
                widths=np.full(len(samples), width, np.int32),
            ),
            [],
        )

    def draw(self, index: int) -> Image.Image:
        """Draw a captcha: an RGB image of `size` pixels, the same every time."""
        return self.read(self.names[index], index)

    def read(self, name: str, row: int) -> Image.Image:
        """Draw a captcha; see `Reader`."""
        # The package takes random numbers from the `secrets` module, which cannot be seeded:
        # replace it with a seeded generator while an image is drawn.
        module, captcha.image.secrets = captcha.image.secrets, _SeededSecrets(name)  # type: ignore
        try:
            return captcha.image.ImageCaptcha(*self.size).generate_image(self.texts[row])
        finally:
            captcha.image.secrets = module


class _SeededSecrets(random.Random):
    """A seeded replacement of the `secrets` module."""

    def randbelow(self, limit: int) -> int:
        return self.randrange(limit)

    def randbits(self, bits: int) -> int:
        return self.getrandbits(bits)
