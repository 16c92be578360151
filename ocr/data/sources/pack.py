"""Pack a folder of images into few files: `python -m ocr pack PATH OUT`."""

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ocr.data.duplicates import duplicate_groups, perceptual_hash
from ocr.data.images.loading import count_frames_in_bytes, open_image
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.manifest import in_words, write_skipped
from ocr.data.parallel import mapped
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import digest, load, say_frames, unreadable
from ocr.data.sources.arrow import SEED, Writer
from ocr.data.sources.captions import CaptionFinder
from ocr.errors import UserError

# Decodes an image however long its line is, and for what it shows.
_ANY_SHAPE = Preprocessor(32, 128, polarity="dark", contrast="stretch", grey="principal")

_Look = tuple[bytes, tuple[int, int], int, int]


def pack(
    folder: Path, out: Path, captions: CaptionFinder | None = None, num_workers: int | None = None
) -> tuple[int, list[Skipped]]:
    """Pack the captioned images of `folder` into `out`: how many, and those left out.

    captions: where they are; None for where they are found. num_workers: see `mapped`.
    Whatever ends the work early leaves no `out` behind.
    Raises UserError if `out` isn't empty, can't be written, or there is nothing to pack.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out}: exists already; give a new place, or remove it")
    captions = captions or CaptionFinder()
    [samples] = captions.find({"train": folder}).values()
    scratch = out.with_name(f"{out.name}.partial")
    try:
        scratch.mkdir(parents=True)
    except FileExistsError as error:
        raise UserError(
            f"{scratch}: there is a pack under way, or one that was killed: then remove it"
        ) from error
    except OSError as error:
        raise UserError(f"{scratch}: {error.strerror or error}") from error
    try:
        looks = mapped(_look, samples, "packing images", num_workers)
        skipped = _fill(scratch, samples, looks, str(folder))
        if len(skipped) == len(samples):
            lost = [one for one in skipped if one.lost]
            raise UserError(f"no usable image: {in_words(lost or skipped)}")
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
    looks: Iterable[_Look | Skipped],
    folder: str,
) -> list[Skipped]:
    packed, skipped, frames = [], [], {}
    with Writer(place) as writer:
        for sample, looked in zip(samples, looks, strict=True):
            if isinstance(looked, Skipped):
                skipped.append(looked)
                continue
            content, (width, height), look, several = looked
            if several > 1:
                frames[sample.name] = several
            group = digest(sample.group.encode(), SEED) if sample.group else 0
            found = replace(sample, digest=digest(content, SEED), group_digest=group, look=look)
            packed.append(found)
            name = sample.name.removeprefix(f"{folder}{os.sep}")
            writer.write(content, name, sample.text, found.digest, width, height)
        first: dict[int, int] = {}
        for row, family in enumerate(duplicate_groups(packed)):
            if first.setdefault(family, row) != row:
                writer.relate(row, first[family])
    if skipped:
        write_skipped(place, skipped)
    say_frames(frames, 0)
    return skipped


def _look(sample: Sample | Skipped) -> _Look | Skipped:
    """Its content, its size, its look and how many frames it has."""
    content = load(sample) if isinstance(sample, Sample) else sample
    if isinstance(content, Skipped):
        return content
    try:
        image = open_image(content, sample.name, stretch=True)
        look = perceptual_hash(_ANY_SHAPE.decode(image, sample.name))
        return content, image.size, look, count_frames_in_bytes(content)
    except UserError as error:
        return unreadable(sample, error)
