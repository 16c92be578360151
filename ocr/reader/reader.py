"""Read images with a trained model. Needs a checkpoint and nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ocr.data.batches import padded
from ocr.data.charset import Charset
from ocr.data.images import Normalizer
from ocr.data.opening import ImageSource
from ocr.model.checkpoint import load_network
from ocr.model.crnn import CRNN
from ocr.model.precision import fastest_precision
from ocr.model.reading import Reading, log_probabilities, readings


class Reader:
    """A network with the charset and the image preparation that it was trained with."""

    def __init__(
        self, model: CRNN, charset: Charset, normalizer: Normalizer, device: str = "cpu"
    ) -> None:
        self.model = model.eval().requires_grad_(False).to(device)
        self.charset = charset
        self.normalizer = normalizer
        self.device = torch.device(device)
        self._bf16 = fastest_precision(self.device.type) == "bf16-mixed"

    @classmethod
    def load(cls, checkpoint: str | Path, device: str = "cpu") -> "Reader":
        """The reader in a checkpoint of train.py.

        Raises UserError if the file is not one. Nothing in the file is executed.
        """
        network = load_network(checkpoint)
        return cls(network.model, network.charset, network.normalizer, device)

    def read(
        self, images: ImageSource | Iterable[ImageSource], batch_size: int = 64
    ) -> list[Reading]:
        """The readings of `images`, in their order.

        An image is a path, encoded bytes, a PIL image, or an array (H, W[, 1, 3 or 4]) of
        uint8, or of floats from 0 to 1. Raises UserError, naming the image, for one that can't be
        decoded.
        """
        if isinstance(images, str | Path | bytes | Image.Image | np.ndarray):
            images = [images]
        return list(self.stream(images, batch_size))

    def stream(self, images: Iterable[ImageSource], batch_size: int = 64) -> Iterator[Reading]:
        """Like `read`, one reading after another, for more images than memory holds."""
        images = iter(images)
        while batch := list(islice(images, batch_size)):
            yield from self.read_decoded([self.normalizer.decode(image) for image in batch])

    @torch.inference_mode()
    def read_decoded(self, images: Sequence[np.ndarray]) -> list[Reading]:
        """The readings of one batch of what `normalizer.decode` gives."""
        return readings(*self._logits(images), self.charset)

    @torch.inference_mode()
    def log_probabilities(
        self, images: Sequence[np.ndarray], texts: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """How probable each of an image's `texts` is, for one batch as `read_decoded` takes it."""
        logits, lengths = self._logits(images)
        rows = [i for i, some in enumerate(texts) for _ in some]
        captions = [self.charset.encode(text) for some in texts for text in some]
        values = iter(log_probabilities(logits[rows], lengths[rows], captions).tolist())
        return [[next(values) for _ in some] for some in texts]

    def _logits(self, images: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        pixels, widths = padded(images)
        pixels, widths = pixels.to(self.device), widths.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            return self.model(self.normalizer.floats(pixels, widths), widths)
