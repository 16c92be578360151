"""Read every image once before training, so that no broken one ends a long run."""

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ocr.data.duplicates import perceptual_hash
from ocr.data.images.cache import ImageCache
from ocr.data.images.formats import FORMATS
from ocr.data.images.loading import DECODE_ERRORS, ImageSource, count_frames
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.parallel import parallel_map
from ocr.data.samples import FileReader, Sample, Samples, Skipped, SkipReason
from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import info

INFERRED_FROM = 128  # images, evenly spread, by which the preprocessor's open settings are chosen

# (the opened image or its content, the decoded one or why there is none, frames) -> anything
Observer = Callable[[ImageSource, np.ndarray | str, int], Any]


class ScanResult(NamedTuple):
    """What was found in an image file.

    Attributes:
        digest, width, hash: The columns of `Samples`.
        image: uint8 (C, H, W), if it is to be kept.
        frames: How many frames or pages it has.
        observation: What the observer returned.
        skipped: Why it cannot be used, if so.
    """

    digest: int = 0
    width: int = 0
    hash: np.ndarray | int = 0
    image: np.ndarray | None = None
    frames: int = 1
    observation: Any = None
    skipped: Skipped | None = None


class Scanner:
    """Reads image files, many at a time by several processes.

    Args:
        preprocessor: Decodes them.
        cache: Keeps the decoded images.
        seed: Of the split, for their digests.
        num_workers: See `parallel_map`.
        observer: Called with each image, in whichever process reads it.

    Attributes:
        observations: What `observer` returned, by the image's name.
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
        """Choose the preprocessor's open settings by some of the images, and say which."""
        if not self.preprocessor.open_settings:
            return
        images = []
        for index in range(0, len(samples), 1 + len(samples) // INFERRED_FROM):
            # What can't be read is reported by the scan.
            with contextlib.suppress(OSError, UserError, ValueError):
                images.append(self.preprocessor.open(samples.read(index)))
        chosen = self.preprocessor.infer(images)
        settings = " ".join(f"data.{key}={value}" for key, value in chosen.items())
        info(f"chosen by the images: {settings}")

    def scan(self, samples: Samples) -> tuple[Samples, list[Skipped]]:
        """Read the files of `samples`.

        Returns:
            The readable ones with digests, widths and hashes, and the others.
        """
        look = partial(
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
        results = parallel_map(look, names, "reading images", self.num_workers)
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
    """Read a file, or say why that fails."""
    try:
        return FileReader().read(name, 0)
    except OSError as error:
        return Skipped(name, SkipReason.UNREADABLE_IMAGE, error.strerror or str(error))
    except ValueError as error:  # a NUL in the name
        return Skipped(ascii(name), SkipReason.INVALID_NAME, str(error))


def open_once(content: bytes) -> ImageSource:
    """Open the image in `content` for all that need it; return `content` if there is none."""
    with contextlib.suppress(*DECODE_ERRORS):
        return Image.open(io.BytesIO(content), formats=FORMATS)
    return content


def unusable(sample: Sample) -> Skipped | None:
    """Return why a sample cannot be used, if that shows without reading its image."""
    if not sample.text:
        return Skipped(sample.name, SkipReason.EMPTY_CAPTION)
    if any("\ud800" <= character <= "\udfff" for character in sample.name):
        return Skipped(ascii(sample.name), SkipReason.INVALID_NAME)
    return None


def unreadable(name: str, error: UserError) -> Skipped:
    """Return what `Preprocessor.decode` raised for the image `name` as a reason to skip it."""
    detail = str(error).removeprefix(f"{name}: ")
    return Skipped(name, SkipReason.UNREADABLE_IMAGE, detail)


def content_digest(content: bytes | np.ndarray, seed: int) -> int:
    """Return 64 bits of `content`, different for each split seed."""
    return int.from_bytes(blake2b(content, digest_size=8, key=str(seed).encode()).digest(), "big")  # type: ignore[arg-type]


def report_frames(frames: Mapping[str, int], frame: int) -> None:
    """Say which images have several frames or pages, of which only `frame` is read.

    Args:
        frames: How many each has, by its name.
        frame: See `Preprocessor`.
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
    """Leave out all images of one content under several captions: nobody knows which is right."""
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
    """Return the widths (N,) of images as the network sees them, at most `limit`.

    Args:
        sizes: (N, 2), widths and heights in pixels.
        preprocessor: What scales them.
        limit: The largest number to return.
    """
    different, which = np.unique(sizes, axis=0, return_inverse=True)
    scaled: Iterable[int] = (preprocessor.scaled_width(*size) for size in different.tolist())
    return np.array([min(width, limit) for width in scaled], np.int32)[which]
