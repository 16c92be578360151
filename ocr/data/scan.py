"""Read every image once before training, so that a damaged one cannot end a long run."""

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ocr.data.duplicates import content_digest, perceptual_hash
from ocr.data.images.cache import ImageCache
from ocr.data.images.formats import FORMATS
from ocr.data.images.loading import DECODE_ERRORS, ImageSource, count_frames
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.parallel import parallel_map
from ocr.data.samples import FileReader, Sample, Samples, Skipped, SkipReason
from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import info

INFERRED_FROM = 128  # about as many images decide the preprocessor's open settings

# Gets an image or its undecodable bytes, the decoded pixels or why there are none, and the number
# of frames; returns an observation.
Observer = Callable[[ImageSource, np.ndarray | str, int], Any]


class ScanResult(NamedTuple):
    """What was found in an image file.

    Attributes:
        digest, width, hash: See the columns of `Samples`.
        image: The prepared image, uint8 (C, H, W), if it is to be kept.
        frames: The number of frames or pages.
        observation: The result of the observer.
        skipped: The reason if the image cannot be used.
    """

    digest: int = 0
    width: int = 0
    hash: np.ndarray | int = 0
    image: np.ndarray | None = None
    frames: int = 1
    observation: Any = None
    skipped: Skipped | None = None


class Scanner:
    """Reads image files, in several processes if there are many.

    Args:
        preprocessor: Decodes the images.
        cache: Keeps decoded images.
        seed: The split seed, for digests.
        num_workers: See `parallel_map`.
        observer: Called with each image, in the process that reads it.

    Attributes:
        observations: The results of `observer` by the name of the image.
    """

    def __init__(
        self,
        preprocessor: Preprocessor,
        cache: ImageCache,
        seed: int,
        num_workers: int | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.preprocessor = preprocessor
        self.cache = cache
        self.seed = seed
        self.num_workers = num_workers
        self.observer = observer
        self.observations: dict[str, Any] = {}

    def infer_preprocessing(self, samples: Samples) -> None:
        """Infer the preprocessor's open settings from some of the images, and log them."""
        if not self.preprocessor.open_settings:
            return
        images = []
        for index in range(0, len(samples), 1 + len(samples) // INFERRED_FROM):
            # The scan reports images that can't be read.
            with contextlib.suppress(OSError, UserError, ValueError):
                images.append(self.preprocessor.open(samples.read(index)))
        chosen = self.preprocessor.infer(images)
        settings = " ".join(f"data.{key}={value}" for key, value in chosen.items())
        info(f"inferred from the images: {settings}")

    def scan(self, samples: Samples) -> tuple[Samples, list[Skipped]]:
        """Read the files of `samples`.

        Returns:
            The readable samples with digests, widths and hashes, and the others.
        """
        scan = partial(
            scan_image,
            preprocessor=self.preprocessor,
            seed=self.seed,
            keep_image=self.cache.room > 0,
            observer=self.observer,
        )
        names = samples.names.tolist()
        digests, widths, hashes = (
            np.zeros_like(column) for column in (samples.digests, samples.widths, samples.hashes)
        )
        skipped: dict[int, Skipped] = {}
        frames: dict[str, int] = {}
        results = parallel_map(scan, names, "reading images", self.num_workers)
        for i, (name, found) in enumerate(zip(names, results, strict=True)):
            if found.observation is not None:
                self.observations[name] = found.observation
            if found.skipped:
                skipped[i] = found.skipped
                continue
            digests[i], widths[i], hashes[i] = found.digest, found.width, found.hash
            if found.frames > 1:
                frames[name] = found.frames
            if found.image is not None:
                self.cache.put(name, found.image)
        report_frames(frames, self.preprocessor.frame)
        found = replace(samples, digests=digests, widths=widths, hashes=hashes)
        return found.without(skipped), [*skipped.values()]


def scan_image(
    name: str,
    preprocessor: Preprocessor,
    seed: int,
    keep_image: bool = False,
    observer: Observer | None = None,
) -> ScanResult:
    """Read and decode one image file. Arguments: see `Scanner`."""
    content = read_content(name)
    if isinstance(content, Skipped):
        return ScanResult(skipped=content)
    source = open_once(content)
    try:
        image = preprocessor.decode(source, name)
    except UserError as error:
        skipped = unreadable(name, error)
        observation = observer(source, skipped.text, 1) if observer else None
        return ScanResult(skipped=skipped, observation=observation)
    frames = count_frames(source) if isinstance(source, Image.Image) else 1
    return ScanResult(
        content_digest(content, seed),
        image.shape[-1],
        perceptual_hash(image),
        image if keep_image else None,
        frames,
        observer(source, image, frames) if observer else None,
    )


def read_content(name: str) -> bytes | Skipped:
    """Return the content of a file, or the reason why it cannot be read."""
    try:
        return FileReader().read(name, 0)
    except OSError as error:
        return Skipped(name, SkipReason.UNREADABLE_IMAGE, error.strerror or str(error))
    except ValueError as error:  # a NUL in the name
        return Skipped(ascii(name), SkipReason.INVALID_NAME, str(error))


def open_once(content: bytes) -> ImageSource:
    """Open the image in `content`; return `content` itself if it is not an image."""
    with contextlib.suppress(*DECODE_ERRORS):
        return Image.open(io.BytesIO(content), formats=FORMATS)
    return content


def unusable(sample: Sample) -> Skipped | None:
    """Return the reason if a sample cannot be used, without reading its image."""
    if not sample.text:
        return Skipped(sample.name, SkipReason.EMPTY_CAPTION)
    if any("\ud800" <= character <= "\udfff" for character in sample.name):
        return Skipped(ascii(sample.name), SkipReason.INVALID_NAME)
    return None


def unreadable(name: str, error: UserError) -> Skipped:
    """Make a reason to skip an image from the error that `Preprocessor.decode` raised."""
    detail = str(error).removeprefix(f"{name}: ")
    return Skipped(name, SkipReason.UNREADABLE_IMAGE, detail)


def report_frames(frames: Mapping[str, int], frame: int) -> None:
    """Log how many images have several frames or pages, of which only one is read.

    Args:
        frames: The number of frames by the name of the image.
        frame: The one that is read, see `Preprocessor`.
    """
    if not frames:
        return
    images = pluralize(len(frames), "image has", "images have")
    least, most = min(frames.values()), max(frames.values())
    several = f"{most}" if least == most else f"{least} to {most}"
    which = {0: "the first", -1: "the last"}.get(frame, f"number {frame}")
    other = "data.frame=0 reads the first" if frame else "data.frame=-1 reads the last"
    info(
        f"{images} {several} frames or pages (the first: {next(iter(frames))}): only {which} is "
        f"read ({other})"
    )


def drop_conflicts(samples: Samples) -> tuple[Samples, list[Skipped]]:
    """Leave out all images that have the same content but different captions."""
    _, content, copies = np.unique(samples.digests, return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(copies[content] > 1).tolist()
    captions: dict[int, dict[str, str]] = {}
    for i in suspects:
        captions.setdefault(content[i], {}).setdefault(samples.texts[i], samples.names[i])
    skipped: dict[int, Skipped] = {}
    for i in suspects:
        others = ((text, name) for text, name in captions[content[i]].items())
        other = next((pair for pair in others if pair[0] != samples.texts[i]), None)
        if other:
            detail = f"the same content as {other[1]}, whose caption is {other[0]!r}"
            name = str(samples.names[i])
            skipped[i] = Skipped(name, SkipReason.CONFLICTING_CAPTIONS, detail)
    return samples.without(skipped), [*skipped.values()]


def scaled_widths(sizes: np.ndarray, preprocessor: Preprocessor, limit: int) -> np.ndarray:
    """Return the widths of prepared images in pixels, int32 (N,).

    Args:
        sizes: Widths and heights of the original images in pixels, (N, 2).
        preprocessor: Scales the images.
        limit: The upper limit of the result.
    """
    different, which = np.unique(sizes, axis=0, return_inverse=True)
    scaled: Iterable[int] = (preprocessor.scaled_width(*size) for size in different.tolist())
    return np.array([min(width, limit) for width in scaled], np.int32)[which]
