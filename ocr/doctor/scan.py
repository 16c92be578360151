"""Scan a folder: do what training does before its first step, and keep the results."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from omegaconf import DictConfig

from ocr.config.compose import changes_only_data, compose_without_run, folder_overrides
from ocr.config.program import ocr_command, train_command
from ocr.data.captioned_data import CaptionedData
from ocr.data.from_config import build_data_without_batches
from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.data.sources.image_folder import ImageFolder
from ocr.doctor.command_line import format_command
from ocr.doctor.image_stats import ImageProblem, ImageStats, compute_stats
from ocr.errors import UserError
from ocr.log import silence_lightning
from ocr.models.time_steps import ENCODERS, PARTS, time_steps
from ocr.training.model import apply_checkpoint, build_model, set_up_data


@dataclass
class FolderScan:
    """What training finds in a folder.

    Attributes:
        folder: The folder.
        overrides: The overrides of train.py that select the folder, and those of the user.
        arguments: The arguments of `python -m ocr doctor`.
        config: The config of the training.
        data: The data set, prepared as training does before its first step.
        messages: The lines that training would log until then.
        refusal: Why training would not start, or None.
    """

    folder: Path
    overrides: list[str]
    arguments: list[str]
    config: DictConfig
    data: CaptionedData
    messages: list[str] = field(default_factory=list)
    refusal: str | None = None

    @cached_property
    def samples(self) -> list[Sample]:
        """The usable images, before their captions are checked against charset and width."""
        return [*self.data.found]

    @property
    def source(self) -> ImageFolder:
        """Where training finds samples."""
        source = self.data.source
        assert isinstance(source, ImageFolder)
        return source

    @property
    def captions(self) -> list[str]:
        """The captions as they are written in their source."""
        return self.source.captions.raw_texts

    @property
    def stats(self) -> dict[str, ImageStats]:
        """Statistics by image name."""
        return self.data.observations

    @cached_property
    def readable(self) -> dict[str, ImageStats]:
        """The statistics of the images that can be decoded, by name."""
        return {name: stats for name, stats in self.stats.items() if not stats.problem}

    @cached_property
    def character_counts(self) -> Counter[str]:
        """How often each character occurs in the captions of usable images."""
        return Counter(character for sample in self.samples for character in sample.text)

    @cached_property
    def images(self) -> dict[str, list[str]]:
        """The images in each part's folder, used or not; those elsewhere belong to "train"."""
        images = {}
        for part, path in self.source.dirs.items():
            if path.is_dir():
                names = self.source.captions.folder(path).images
                images[part] = [str(path / name) for name in names]
        elsewhere = self.stats.keys() - set().union(*images.values())
        if "train" in images:
            images["train"] += [name for name in self.stats if name in elsewhere]
        return images

    @property
    def tables(self) -> list[str]:
        """The names of the labels files that hold the captions."""
        sources = dict.fromkeys(self.source.captions.source_names.values())
        return [name for name in sources if name != "name" and not name.startswith(".")]

    @property
    def in_tables(self) -> str:
        """The labels files for messages: " in labels.csv", or an empty text if there are none."""
        return f" in {' and '.join(self.tables)}" if self.tables else ""

    @property
    def captions_detected(self) -> bool:
        """Whether the config leaves it to training to detect where the captions are."""
        return not (self.config.data.labels or self.config.data.pattern)

    @property
    def named_folders(self) -> list[Path]:
        """The folders whose file names are the captions."""
        sources = self.source.captions.source_names
        return [path for part, path in self.source.dirs.items() if sources.get(part) == "name"]

    @cached_property
    def other_files(self) -> list[Path]:
        """The files and folders beside the images, except those with an image's extension."""
        files = []
        for path in {path.resolve(): path for path in self.source.dirs.values()}.values():
            if path.is_dir():
                folder = self.source.captions.folder(path)
                images = set(folder.images)
                files += [path / name for name in folder.files if name not in images]
        return files

    @property
    def time_steps(self) -> Callable[[int], int]:
        """A function from an image's width to the configured network's number of time steps."""
        encoder = self.config.encoder
        # The formula of a shipped encoder needs no torch.
        if changes_only_data(self.overrides) and encoder._target_ in ENCODERS:
            return partial(time_steps, stride=encoder.stride, stem_stride=encoder.stem_stride)
        from ocr.models.crnn import CRNN  # torch takes seconds to import

        assert self.data.charset is not None  # it is chosen before time steps are needed
        network = CRNN(
            **{part: self.config.model[part] for part in PARTS},
            preprocessor=self.data.preprocessor,
            num_classes=len(self.data.charset),
        )
        return network.encoder.time_steps

    def skipped(self, *reasons: SkipReason) -> dict[str, Skipped]:
        """Return the samples skipped for any of these reasons, by image name."""
        return {s.name: s for s in self.data.skipped if s.reason in reasons}

    def undecodable(self, *problems: ImageProblem) -> dict[str, Skipped]:
        """Return the images that can't be decoded because of any of these problems, by name."""
        return {
            s.name: s
            for s in self.data.skipped
            if s.name in self.stats and self.stats[s.name].problem in problems
        }

    def short_name(self, name: str) -> str:
        """Return an image's path relative to the folder."""
        return name.removeprefix(f"{self.folder}/")

    def train_command(self, *overrides: str) -> str:
        """Return the command that trains on the folder, with these overrides added."""
        return format_command(train_command(), self.overrides, overrides)

    def doctor_command(self, *arguments: str) -> str:
        """Return the command that made this scan, with these arguments added."""
        return format_command(f"{ocr_command()} doctor", self.arguments, arguments)


def scan_folder(folder: Path, labels: str | None, overrides: Sequence[str]) -> FolderScan:
    """Scan a folder as train.py does before it trains.

    Args:
        folder: Holds the images.
        labels: Where the captions are, as `data.labels`.
        overrides: Further overrides of train.py.

    Raises:
        UserError: The command line is wrong, such as a value out of range. What is wrong with the
            folder becomes `refusal`.
    """
    if not folder.is_dir():
        what = "not a folder" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {what}")
    if others := [word for word in overrides if word.startswith("data=")]:
        raise UserError(f"{others[0]}: the doctor scans a folder of images; leave this out")
    words = folder_overrides(folder, labels, overrides)
    config = compose_without_run(words)
    silence_lightning()
    config.data.cache_mb = 0  # each image is read once
    apply_checkpoint(config, words)
    observer = partial(compute_stats, frame=config.data.frame)
    data = build_data_without_batches(config, words, observer)
    given = [] if labels is None else ["--labels", labels]
    scan = FolderScan(folder, words, [str(folder), *given, *overrides], config, data)
    with _collect_messages(scan.messages):
        try:
            (build_model if config.init_from else set_up_data)(config, data)
            data.drop_infeasible(scan.time_steps)
            data.require_enough()
        except UserError as error:
            scan.refusal = str(error)
    return scan


class _ListHandler(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _collect_messages(lines: list[str]) -> Iterator[None]:
    """Append log messages to `lines` instead of printing them."""
    log, handler = logging.getLogger("ocr"), _ListHandler(lines)
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


def group_by(
    samples: Iterable[Sample], key: Callable[[Sample], Hashable]
) -> Iterator[list[Sample]]:
    """Yield the groups of two or more samples with the same key."""
    groups = defaultdict(list)
    for sample in samples:
        groups[key(sample)].append(sample)
    return (group for group in groups.values() if len(group) > 1)
