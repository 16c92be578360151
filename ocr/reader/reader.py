"""Read images with a trained model. Needs a checkpoint and nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from ocr.data.collate import padded
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.text.charset import Charset
from ocr.errors import UserError
from ocr.models.checkpoint import load_network
from ocr.models.crnn import CRNN
from ocr.models.decoding import Reading, log_probabilities, readings
from ocr.models.precision import fastest_precision
from ocr.reader.image_sources import ReaderSource, as_images, image_source, name_of
from ocr.threads import one_thread


class Reader:
    """A network with the charset and the image preparation that it was trained with.

    It reads with one CPU thread, whatever number torch has, and leaves that number as it is: so it
    is as quick beside other programs, a process that has read may fork, and several threads of a
    program, each reading, use several cores.
    """

    def __init__(
        self, model: CRNN, charset: Charset, preprocessor: Preprocessor, device: str = "cpu"
    ) -> None:
        self.model = model.eval().requires_grad_(False).to(device)
        self.charset = charset
        self.preprocessor = preprocessor
        self.device = torch.device(device)
        self._bf16 = fastest_precision(self.device.type) == "bf16-mixed"

    @classmethod
    @one_thread()
    def load(cls, checkpoint: str | Path, device: str = "cpu") -> "Reader":
        """The reader in a checkpoint of train.py.

        Raises UserError if the file is not one. Nothing in the file is executed.
        """
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
            images: An image, or anything that gives images. An image is a path, a file opened as
                'rb', encoded bytes, a PIL image, or an array or tensor of uint8, or of floats from
                0 to 1: (H, W), (C, H, W) or (H, W, C) with 1, 3 or 4 channels.
            batch_size: Images that the network reads at once.
            errors: "raise", or "return": a reading without text in the place of an image that can't
                be read, with the reason as its `error`, which is None of all others.

        Returns:
            The readings, in the order of the images.

        Raises:
            UserError: An image can't be read; names its index, its path and the reason.
        """
        images, single = as_images(images)
        return list(self._stream(images, batch_size, errors, single))

    def stream(
        self, images: Iterable[ReaderSource], batch_size: int = 64, errors: str = "raise"
    ) -> Iterator[Reading]:
        """Like `read`, one reading after another, for more images than memory holds.

        The images before one that can't be read are read before the error is raised.
        """
        images, single = as_images(images)
        return self._stream(images, batch_size, errors, single)

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
            good = [image for _, image in decoded if not isinstance(image, UserError)]
            readings = iter(self.read_decoded(good) if good else [])
            for index, image in decoded:
                if not isinstance(image, UserError):
                    yield next(readings)
                elif errors == "raise":
                    raise UserError(f"{'image' if single else f'images[{index}]'}: {image}")
                else:
                    yield Reading("", 0.0, str(image))

    def _decode(self, image: ReaderSource) -> np.ndarray | UserError:
        """The pixels, or what is wrong with the image."""
        name = name_of(image)
        try:
            return self.preprocessor.decode(image_source(image), name or "image")
        except UserError as error:
            reason = str(error).removeprefix("image: ")
            return UserError(reason if name[:30] in reason else f"{name}: {reason}")

    @one_thread()
    @torch.inference_mode()
    def read_decoded(self, images: Sequence[np.ndarray]) -> list[Reading]:
        """The readings of one batch of what `preprocessor.decode` gives."""
        return readings(*self._logits(images), self.charset)

    @one_thread()
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
            return self.model(self.preprocessor.normalize(pixels, widths), widths)
