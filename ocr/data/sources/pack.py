"""Pack a folder of images into a few large files: `python -m ocr pack PATH OUT`."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ocr.data.duplicates import content_digest, perceptual_hash
from ocr.data.images.loading import count_frames_in_bytes, open_image
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.manifest import in_words, write_skipped
from ocr.data.parallel import parallel_map
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import read_content, report_frames, unreadable, unusable
from ocr.data.sources.arrow import SEED, Writer
from ocr.data.sources.captions import CaptionFinder
from ocr.errors import UserError

# Prepares images for their perceptual hashes.
_ANY_SHAPE = Preprocessor(32, 128, polarity="dark", contrast="stretch", grey="principal")


class _Packed(NamedTuple):
    """An image file: its content, size in pixels, perceptual hash and number of frames."""

    content: bytes
    size: tuple[int, int]
    hash: np.ndarray
    frames: int


def pack(
    folder: Path, out: Path, captions: CaptionFinder | None = None, num_workers: int | None = None
) -> tuple[int, list[Skipped]]:
    """Pack the captioned images of a folder.

    `out` is created only when everything is packed.

    Args:
        folder: The folder of images.
        out: A new or empty folder.
        captions: Finds the captions; None: with default settings.
        num_workers: See `parallel_map`.

    Returns:
        The number of packed images, and the samples that are left out.

    Raises:
        UserError: `out` is not empty or can't be written, or there is nothing to pack.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out}: exists already; give a new folder, or remove it")
    captions = captions or CaptionFinder()
    [samples] = captions.find({"train": folder}).values()
    scratch = out.with_name(f"{out.name}.partial")
    try:
        scratch.mkdir(parents=True)
    except FileExistsError as error:
        raise UserError(
            f"{scratch}: there is a pack in progress, or one that was killed; if so, remove it"
        ) from error
    except OSError as error:
        raise UserError(f"{scratch}: {error.strerror or error}") from error
    try:
        results = parallel_map(_read, samples, "packing images", num_workers)
        skipped = _fill(scratch, samples, results, str(folder))
        if len(skipped) == len(samples):
            unusable = [one for one in skipped if one.is_unusable]
            raise UserError(f"no usable image: {in_words(unusable or skipped)}")
        if out.exists():
            out.rmdir()
        scratch.rename(out)
    except OSError as error:
        raise UserError(f"{out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return len(samples) - len(skipped), skipped


def _fill(
    place: Path,
    samples: Sequence[Sample | Skipped],
    results: Iterable[_Packed | Skipped],
    folder: str,
) -> list[Skipped]:
    """Write all images into `place`; return the samples that are left out."""
    skipped, frames = [], {}
    with Writer(place) as writer:
        for sample, found in zip(samples, results, strict=True):
            if isinstance(found, Skipped) or isinstance(sample, Skipped):
                skipped.append(found)
                continue
            if found.frames > 1:
                frames[sample.name] = found.frames
            writer.write(
                found.content,
                sample.name.removeprefix(f"{folder}{os.sep}"),
                sample.text,
                content_digest(found.content, SEED),
                *found.size,
                sample.group,
                found.hash.tolist(),
            )
    if skipped:
        write_skipped(place, skipped)  # type: ignore[arg-type]
    report_frames(frames, 0)
    return skipped  # type: ignore[return-value]


def _read(sample: Sample | Skipped) -> _Packed | Skipped:
    """Read and decode one image."""
    if skipped := sample if isinstance(sample, Skipped) else unusable(sample):
        return skipped
    content = read_content(sample.name)
    if isinstance(content, Skipped):
        return content
    try:
        image = open_image(content, sample.name, stretch=True)
        hashed = perceptual_hash(_ANY_SHAPE.decode(image, sample.name))
        return _Packed(content, image.size, hashed, count_frames_in_bytes(content))
    except UserError as error:
        return unreadable(sample.name, error)
