"""Captchas drawn as they are needed: data for a first run, with nothing at hand."""

import random
from dataclasses import dataclass

import captcha.image
from PIL import Image

from ocr.data.samples import Sample


class _SeededSecrets(random.Random):
    """Stands in for the `secrets` module, from which the captcha package draws."""

    def randbelow(self, limit: int) -> int:
        return self.randrange(limit)

    def randbits(self, bits: int) -> int:
        return self.getrandbits(bits)


@dataclass(frozen=True, slots=True)
class Drawing(Sample):
    """A captcha that is drawn when it is asked for; the same one every time."""

    size: tuple[int, int] = (160, 60)

    def source(self) -> Image.Image:
        """The picture, (width, height) = `size` pixels, RGB."""
        # The package has no seed: it asks the operating system for every number. Lend it a
        # generator of our own for the time of one drawing.
        module, captcha.image.secrets = captcha.image.secrets, _SeededSecrets(self.name)
        try:
            return captcha.image.ImageCaptcha(*self.size).generate_image(self.text)
        finally:
            captcha.image.secrets = module


def drawings(count: int, symbols: str, length: int, size: tuple[int, int], seed: int) -> list:
    """`count` captions of `length` random `symbols`, to be drawn at `size`, (width, height)."""
    chance = random.Random(seed)
    texts = ["".join(chance.choices(symbols, k=length)) for _ in range(count)]
    return [Drawing(f"synthetic-{seed}-{i:05d}-{t}", t, size=size) for i, t in enumerate(texts)]
