"""Go through what training does before its first step, and keep all that comes up."""

import logging
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from omegaconf import DictConfig

from ocr.config.compose import composed, of_folder, only_data, unserved
from ocr.data.samples import Sample, Skipped
from ocr.data.sources.image_folder import FolderParts
from ocr.doctor.image_stats import Closer, Listener, Look
from ocr.errors import UserError
from ocr.log import silence_libraries
from ocr.models.time_steps import ENCODERS, PARTS, time_steps
from ocr.training.start import apply_checkpoint, begin, ready

# Between Hydra's quotes, what means the same without: a name or a path.
_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.+[A-Za-z_/])[A-Za-z0-9_./-]*'")
_VALUES = ("null", "true", "false", "nan", "inf")


@dataclass
class Examination:
    """What training would find in a folder.

    words: the overrides of train.py that name it; arguments: those of this command.
    config: of training. data: after all that training does to it.
    found: what it found by part, before anything was left out for its caption or moved.
    looks: at each image by its name. heard: the captions as they are written.
    unplaced: left out because CTC can't place their captions.
    says: the lines that training would print. refusal: why it would not start, or None.
    """

    folder: Path
    words: list[str]
    arguments: list[str]
    config: DictConfig
    data: FolderParts
    found: dict[str, list[Sample | Skipped]] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    unplaced: list[Skipped] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    refusal: str | None = None

    @cached_property
    def samples(self) -> list[Sample]:
        """The usable images."""
        return [s for some in self.found.values() for s in some if isinstance(s, Sample)]

    @cached_property
    def skipped(self) -> list[Skipped]:
        """What was left out before captions were held against charset and width."""
        return [s for some in self.found.values() for s in some if isinstance(s, Skipped)]

    @cached_property
    def images(self) -> dict[str, list[str]]:
        """The images in each part's folder, used or not, and those elsewhere that rows name."""
        images = {}
        for part, place in self.data.dirs.items():
            if place.is_dir():
                here = [str(place / name) for name in self.data.captions.folder(place).images]
                used = [s.name for s in self.found.get(part, ()) if s.name in self.looks]
                images[part] = [*dict.fromkeys(here + used)]
        return images

    @property
    def tables(self) -> list[str]:
        """The labels files that captions are from."""
        origins = dict.fromkeys(self.data.captions.origins.values())
        return [name for name in origins if name != "name" and not name.startswith(".")]

    @property
    def time_steps(self) -> Callable[[int], int]:
        """What the configured network makes of an image's width."""
        encoder = self.config.encoder
        # A shipped network needn't be made to know that it can be.
        if only_data(self.words) and encoder._target_ in ENCODERS:
            return partial(time_steps, stride=encoder.stride, stem_stride=encoder.stem_stride)
        from ocr.models.crnn import CRNN  # with torch, which takes seconds to load

        network = CRNN(
            **{part: self.config.model[part] for part in PARTS},
            preprocessor=self.data.preprocessor,
            num_classes=len(self.data.charset),
        )
        return network.encoder.time_steps

    def short(self, name: str) -> str:
        """An image's name without the folder's."""
        return name.removeprefix(f"{self.folder}/")

    def train(self, *words: str) -> str:
        """The command that trains on the folder, with these overrides besides."""
        return " ".join(["python train.py", *_replaced(self.words, words)])

    def doctor(self, *words: str) -> str:
        """The command that examined the folder."""
        return " ".join(["python -m ocr doctor", *_replaced(self.arguments, words)])


def examine(folder: Path, labels: str | None, overrides: Sequence[str]) -> Examination:
    """Do what `train.py` would do with the folder, short of training.

    Raises UserError for what isn't the folder's fault, such as a value out of range.
    """
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {what}")
    if others := [word for word in overrides if word.startswith("data=")]:
        raise UserError(f"{others[0]}: the doctor looks at a folder of images; leave that out")
    words = of_folder(folder, labels, overrides)
    config = composed(words)
    silence_libraries()
    config.data.cache_mb = 0  # each image is looked at once
    apply_checkpoint(config, words)
    data = unserved(config, words)
    given = [] if labels is None else ["--labels", labels]
    seen = Examination(folder, words, [str(folder), *given, *overrides], config, data)
    _watch(data, seen)
    with _listening(seen.says):
        try:
            (begin if config.init_from else ready)(config, data)
            before = len(data.skipped)
            data.drop_infeasible(seen.time_steps)
            seen.unplaced = data.skipped[before:]
            data.require_enough()
        except UserError as error:
            seen.refusal = str(error)
    return seen


def _watch(data: FolderParts, seen: Examination) -> None:
    find = data.find

    def watched() -> dict[str, list[Sample | Skipped]]:
        data.captions.spelling = Listener(data.captions.spelling, seen.heard)
        seen.found.update(find())
        return seen.found

    data.find = watched
    data.scanner = lambda: Closer(data.preprocessor, data.cache, data.split_seed, seen.looks)


@contextmanager
def _listening(lines: list[str]) -> Iterator[None]:
    """Add to `lines` what is said meanwhile."""
    log = logging.getLogger("ocr")
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    level, propagate = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate


def _replaced(words: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """`words`, but for those whose keys `others` give anew, and then these."""
    keys = {word.partition("=")[0] for word in others}
    kept = [word for word in words if "=" not in word or word.partition("=")[0] not in keys]
    return map(_typed, [*kept, *others])


def _typed(word: str) -> str:
    """An argument as one would type it, without quotes that nobody needs."""
    key, mark, value = word.partition("='")
    if mark and _PLAIN.fullmatch(value) and value[:-1].lower() not in _VALUES:
        word = f"{key}={value[:-1]}"
    # Hydra's quotes are single ones, so the shell's had better be double.
    return f'"{word}"' if "'" in word and not set(word) & set('"$`!\\') else shlex.quote(word)
