"""Look at every image once before training, so that no broken one ends a long run."""

import contextlib
import io
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ocr.data.duplicates import perceptual_hash
from ocr.data.images.formats import FORMATS
from ocr.data.images.loading import DECODE_ERRORS, ImageSource, count_frames
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.parallel import mapped
from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.errors import UserError
from ocr.log import info
from ocr.pluralize import pluralize

SURVEYED = 128  # at most, evenly spread: medians need no more


class ImageCache:
    """Decoded uint8 images by name, up to `limit_mb` MiB."""

    def __init__(self, limit_mb: float) -> None:
        self.room = int(limit_mb * 2**20)
        self._images: dict[str, np.ndarray] = {}
        self._owner = os.getpid()

    def __getstate__(self) -> dict[str, object]:
        """Nothing: where worker processes get a copy of their own, it would be one too many."""
        return {"room": 0, "_images": {}, "_owner": 0}

    @property
    def images(self) -> Mapping[str, np.ndarray]:
        """All that are held, (C, H, W), by name."""
        return self._images

    def get(self, name: str) -> np.ndarray | None:
        """The image of that name, (C, H, W), if it is held."""
        return self._images.get(name)

    def put(self, name: str, image: np.ndarray) -> bool:
        """Hold the image, if there is room for it; False if there isn't, or this is a copy."""
        if name not in self._images:
            if image.nbytes > self.room or os.getpid() != self._owner:
                return False
            self.room -= image.nbytes
            self._images[name] = image
        return True

    def holds(self, samples: Sequence[Sample], size: int) -> bool:
        """Whether all of `samples` are held, or could be at `size` bytes each."""
        room = self.room if os.getpid() == self._owner else 0
        if (len(samples) - len(self._images)) * size > room:
            return False  # a million names needn't be looked up for that
        missing = sum(sample.name not in self._images for sample in samples)
        return missing * size <= room


def digest(content: bytes | np.ndarray, seed: int) -> int:
    """64 bits of `content`, drawn anew by each split seed."""
    return int.from_bytes(blake2b(content, digest_size=8, key=str(seed).encode()).digest(), "big")


def survey(samples: Sequence[Sample], preprocessor: Preprocessor) -> None:
    """Let `preprocessor` choose what was left open, by `SURVEYED` images of the set."""
    images = []
    for i in range(0, len(samples), 1 + len(samples) // SURVEYED):
        content = load(samples[i])
        with contextlib.suppress(UserError):  # `inspect` will tell
            if not isinstance(content, Skipped):
                images.append(preprocessor.open(content))
    preprocessor.infer(images)


def load(sample: Sample) -> ImageSource | Skipped:
    """The image as it is stored; Skipped, with the reason, if it or its caption can't be had."""
    if not sample.text:
        return Skipped(sample.name, SkipReason.EMPTY_CAPTION)
    if any("\ud800" <= character <= "\udfff" for character in sample.name):
        return Skipped(ascii(sample.name), SkipReason.INVALID_NAME)
    try:
        return sample.source()
    except OSError as error:
        return Skipped(sample.name, SkipReason.UNREADABLE_IMAGE, error.strerror or str(error))
    except ValueError as error:  # a NUL in the name
        return Skipped(ascii(sample.name), SkipReason.INVALID_NAME, str(error))


def unreadable(sample: Sample, error: UserError) -> Skipped:
    """The sample, skipped for what `Preprocessor.decode` said of it."""
    detail = str(error).removeprefix(f"{sample.name}: ")
    return Skipped(sample.name, SkipReason.UNREADABLE_IMAGE, detail)


class ScanResult(NamedTuple):
    """What became of a sample: it has its digest and its width now, or is skipped.

    image: uint8 (C, H, W), if there is one and the cache has room. note: see `Scanner.note`.
    frames: how many frames or pages it has.
    """

    sample: Sample | Skipped
    image: np.ndarray | None = None
    note: Any = None
    frames: int = 1


class Scanner:
    """Looks at images one by one, in whichever process, and keeps what is found in this one.

    `frames` then has the number of frames or pages of those that have several, by name.
    """

    def __init__(self, preprocessor: Preprocessor, cache: ImageCache, seed: int) -> None:
        self.preprocessor = preprocessor
        self.cache = cache
        self.seed = seed
        self.frames: dict[str, int] = {}
        # Processes that look see it, wherever they are: their own copy of the cache takes nothing.
        self.wanted = multiprocessing.Value("b", cache.room > 0, lock=False)

    def look(self, sample: Sample) -> ScanResult:
        """Read and decode it."""
        content = load(sample)
        if isinstance(content, Skipped):
            return ScanResult(content)
        source = self.opened(content)
        try:
            image = self.preprocessor.decode(source, sample.name)
        except UserError as error:
            skipped = unreadable(sample, error)
            return ScanResult(skipped, note=self.note(source, skipped.text))
        found = replace(
            sample,
            digest=digest(content, self.seed),
            width=image.shape[-1],
            group_digest=digest(sample.group.encode(), self.seed) if sample.group else 0,
            look=perceptual_hash(image),
        )
        kept = image if self.wanted.value else None
        frames = count_frames(source) if isinstance(source, Image.Image) else 1
        return ScanResult(found, kept, self.note(source, image), frames)

    def opened(self, content: ImageSource) -> ImageSource:
        """The image in it, opened once for all that look at it; the content if there is none."""
        with contextlib.suppress(*DECODE_ERRORS):
            if isinstance(content, bytes):
                return Image.open(io.BytesIO(content), formats=FORMATS)
        return content

    def note(self, source: ImageSource, outcome: np.ndarray | str) -> Any:
        """What else is of interest about an image, or why it can't be read; here nothing."""

    def keep(self, looked: ScanResult) -> Sample | Skipped:
        """Take what `look` found."""
        if looked.frames > 1:
            self.frames[looked.sample.name] = looked.frames
        if looked.image is not None:
            # Or images would go from process to process for nothing.
            self.wanted.value &= self.cache.put(looked.sample.name, looked.image)
        return looked.sample


def inspect(
    samples: Sequence[Sample], scanner: Scanner, num_workers: int | None = None
) -> list[Sample | Skipped]:
    """Read and decode every image; in the samples' order, each with its digest and its width.

    Skipped, with the reason: no caption, no readable image, or one content under two captions.
    num_workers: the processes that do it, if there are many images; None: by the cores.
    """
    looked = mapped(scanner.look, samples, "reading images", num_workers)
    kept = [scanner.keep(one) for one in looked]
    say_frames(scanner.frames, scanner.preprocessor.frame)
    return without_conflicts(kept)


def say_frames(frames: Mapping[str, int], frame: int) -> None:
    """Say which images have several frames or pages, if any, and that only `frame` is read.

    frames: how many, by the image's name.
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


def without_conflicts(looked: Sequence[Sample | Skipped]) -> list[Sample | Skipped]:
    """Nobody can tell which of two captions of one content is right: skip them all."""
    captions = defaultdict(dict)
    for sample in looked:
        if isinstance(sample, Sample):
            captions[sample.digest].setdefault(sample.text, sample.name)

    def judge(sample: Sample | Skipped) -> Sample | Skipped:
        if isinstance(sample, Sample):
            for text, name in captions[sample.digest].items():
                if text != sample.text:
                    reason = f"the same content as {name}, whose caption is {text!r}"
                    return Skipped(sample.name, SkipReason.CONFLICTING_CAPTIONS, reason)
        return sample

    return [judge(sample) for sample in looked]
