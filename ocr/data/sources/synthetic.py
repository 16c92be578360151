"""Captchas drawn as they are needed: data for a first run, with nothing at hand."""

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
    """Random captions, drawn by the captcha package.

    Args:
        count: Captchas in all.
        symbols: What captions are made of.
        length: Characters of each.
        image_width, image_height: In pixels.
        seed: Another number gives other captchas.
    """

    order = "visual"  # as they are drawn

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
        chance = random.Random(seed)
        self.texts = ["".join(chance.choices(str(symbols), k=length)) for _ in range(count)]
        self.size = (image_width, image_height)
        self.names = [f"synthetic-{seed}-{i:05d}-{text}" for i, text in enumerate(self.texts)]

    def find(self, scanner: Scanner) -> Found:
        """Return all captions; pictures are drawn when they are read."""
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
        """Draw a captcha, the same one every time: RGB, `size` pixels."""
        return self.read(self.names[index], index)

    def read(self, name: str, row: int) -> Image.Image:
        """Draw a captcha; see `Reader`."""
        # The package has no seed: it draws every number from the `secrets` module. Lend it a
        # seeded generator for the time of one drawing.
        module, captcha.image.secrets = captcha.image.secrets, _SeededSecrets(name)  # type: ignore
        try:
            return captcha.image.ImageCaptcha(*self.size).generate_image(self.texts[row])
        finally:
            captcha.image.secrets = module


class _SeededSecrets(random.Random):
    """Stands in for the `secrets` module."""

    def randbelow(self, limit: int) -> int:
        return self.randrange(limit)

    def randbits(self, bits: int) -> int:
        return self.getrandbits(bits)
