"""What a run has found out about its images, so that the next one of a sweep needn't look again."""

import pickle
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ocr.data.parts import Parts
from ocr.errors import UserError
from ocr.log import capture_messages, info

MOST = 128  # MiB of decoded images; more aren't worth the memory that handing them on takes
_FOUND = ("parts", "skipped", "charset", "preprocessor", "unused")
# Settings that `Parts.setup` doesn't look at.
_OTHERS = (
    "batch_size",
    "min_images",
    "views",
    "max_skipped",
    "num_workers",
    "augment",
    "splicing",
)


@dataclass
class Seen:
    """settings: of the data. found: by `setup`. images: decoded, by name. lines: that were said."""

    settings: dict[str, Any]
    found: dict[str, Any]
    images: dict[str, Any]
    lines: list[str]


class _Memory:
    earlier: Seen | None = None  # by another run
    own: Seen | None = None


def remember(earlier: bytes | None) -> None:
    """Begin a run with what an earlier one has handed on, if any has."""
    _Memory.earlier = _Memory.own = None
    with suppress(MemoryError, OSError, UserError, pickle.PickleError):  # a pack that is gone, say
        _Memory.earlier = pickle.loads(earlier) if earlier else None


def handed_on() -> bytes | None:
    """For `remember`, in another process; None if this run has found nothing new, or too much."""
    own = _Memory.own
    if own is None or sum(image.nbytes for image in own.images.values()) > MOST * 2**20:
        return None
    try:
        return pickle.dumps(own)
    except (MemoryError, pickle.PickleError):  # the next one will look again
        return None


def set_up(data: Parts, settings: DictConfig) -> None:
    """Set `data`, which was made from `settings`, up: by its images, or by what is known of them.

    What was said of them is said again: it belongs to this run, too.
    """
    plain = OmegaConf.to_container(settings, resolve=True)
    kept = {key: value for key, value in plain.items() if key not in _OTHERS}
    earlier, _Memory.earlier = _Memory.earlier, None
    if earlier is None or earlier.settings != kept:
        with capture_messages() as lines:
            data.setup()
        found = {name: copy(getattr(data, name)) for name in _FOUND}
        _Memory.own = Seen(kept, found, data.cache.images, lines)
        return
    for line in earlier.lines:
        info(line)
    vars(data).update(earlier.found)
    for name, image in earlier.images.items():
        data.cache.put(name, image)
