"""Read images with a trained model, which needs only its checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ocr.data.images.preprocessing import Preprocessor
from ocr.data.text.charset import Charset
from ocr.errors import UserError
from ocr.models.reading import Reading
from ocr.reader.image_sources import ReaderSource, as_images, image_source, name_of
from ocr.threads import one_thread

# Torch takes seconds to import, so only the functions that need it import it.
if TYPE_CHECKING:
    import torch

    from ocr.models.crnn import CRNN


class Reader:
    """A trained network with its charset and preprocessing.

    It computes with one CPU thread, and does not change torch's number of threads otherwise. So
    other programs don't slow it down, the process can fork afterwards, and several threads can read
    on several cores.

    Args:
        model: The network.
        charset: The symbols of its classes.
        preprocessor: The preprocessing that it was trained with.
        device: Torch's name of the device to compute on.
    """

    def __init__(
        self, model: "CRNN", charset: Charset, preprocessor: Preprocessor, device: str = "cpu"
    ) -> None:
        import torch

        from ocr.config.precision import fastest_precision

        self.model = model.eval().requires_grad_(False).to(device)
        self.charset = charset
        self.preprocessor = preprocessor
        self.device = torch.device(device)
        self._bf16 = fastest_precision(self.device.type) == "bf16-mixed"

    @classmethod
    @one_thread()
    def load(cls, checkpoint: str | Path, device: str = "cpu") -> "Reader":
        """Load a reader from a checkpoint of train.py, without executing code in the file.

        Args:
            checkpoint: Path of the file, such as best.ckpt of a run.
            device: Torch's name of the device to compute on.

        Returns:
            The reader.

        Raises:
            UserError: The file is not such a checkpoint.
        """
        from ocr.models.checkpoint import load_network

        network = load_network(checkpoint)
        return cls(network.model, network.charset, network.preprocessor, device)

    def read(
        self,
        images: ReaderSource | Iterable[ReaderSource],
        batch_size: int = 64,
        errors: str = "raise",
    ) -> list[Reading]:
        """Read one image, or several.

        Args:
            images: An image, or an iterable of images. An image is a path, a file opened as 'rb',
                encoded bytes, a PIL image, or an array or tensor of uint8, or of floats from 0 to
                1: (H, W), (C, H, W) or (H, W, C) with 1, 3 or 4 channels.
            batch_size: Number of images that the network reads at once.
            errors: "raise", or "return": an image that can't be read gives a reading without text,
                with the reason as its `error`.

        Returns:
            The readings, in the order of the images.

        Raises:
            UserError: An image can't be read; with its index, its path and the reason.
        """
        images, single = as_images(images)
        return list(self._stream(images, batch_size, errors, single))

    def stream(
        self, images: Iterable[ReaderSource], batch_size: int = 64, errors: str = "raise"
    ) -> Iterator[Reading]:
        """Read images batch by batch, for more images than fit into memory.

        All images before one that can't be read are returned before the error is raised.

        Args:
            images: As for `read`.
            batch_size: As for `read`.
            errors: As for `read`.

        Returns:
            An iterator over the readings, in the order of the images.
        """
        images, single = as_images(images)
        return self._stream(images, batch_size, errors, single)

    def read_decoded(self, images: Sequence[np.ndarray]) -> list[Reading]:
        """Read one batch of decoded images.

        Args:
            images: uint8 arrays (C, H, W), as `preprocessor.decode` returns them.

        Returns:
            Their readings.
        """
        import torch

        from ocr.models.decoding import decode

        with one_thread(), torch.inference_mode():
            return decode(*self._forward(images), self.charset)

    def log_probabilities(
        self, images: Sequence[np.ndarray], texts: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Compute the log probabilities of given texts, for one batch of decoded images.

        Args:
            images: As for `read_decoded`.
            texts: One or more texts for each image.

        Returns:
            For each image, the log probabilities of its texts.
        """
        import torch

        from ocr.models.decoding import log_probabilities

        with one_thread(), torch.inference_mode():
            logits, lengths = self._forward(images)
            rows = [i for i, own in enumerate(texts) for _ in own]
            captions = [self.charset.encode(text) for own in texts for text in own]
            values = iter(log_probabilities(logits[rows], lengths[rows], captions).tolist())
            return [[next(values) for _ in own] for own in texts]

    def _stream(
        self, images: Iterable[ReaderSource], batch_size: int, errors: str, single: bool
    ) -> Iterator[Reading]:
        if errors not in ("raise", "return"):
            raise UserError(f"errors={errors!r}: choose 'raise' or 'return'")
        if batch_size < 1:
            raise UserError(f"batch_size={batch_size}: give 1 or more")
        numbered = enumerate(images)
        while batch := list(islice(numbered, batch_size)):
            decoded = [(index, self._decode(image)) for index, image in batch]
            readable = [image for _, image in decoded if not isinstance(image, UserError)]
            readings = iter(self.read_decoded(readable) if readable else [])
            for index, image in decoded:
                if not isinstance(image, UserError):
                    yield next(readings)
                elif errors == "raise":
                    raise UserError(f"{'image' if single else f'images[{index}]'}: {image}")
                else:
                    yield Reading("", 0.0, str(image))

    def _decode(self, image: ReaderSource) -> np.ndarray | UserError:
        """Return the pixels, or why the image can't be read."""
        name = name_of(image)
        try:
            return self.preprocessor.decode(image_source(image), name or "image")
        except UserError as error:
            return error if name else UserError(str(error).removeprefix("image: "))

    def _forward(self, images: Sequence[np.ndarray]) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Return logits (B, T, K) and lengths (B,) of a batch."""
        import torch

        from ocr.data.collate import pad_images

        pixels, widths = pad_images(images)
        pixels, widths = pixels.to(self.device), widths.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            return self.model(self.preprocessor.normalize(pixels, widths), widths)
