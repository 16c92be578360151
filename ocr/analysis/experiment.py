"""The images that several runs share, looked at once before the first of them trains."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from ocr.config.compose import composed, of_folder
from ocr.config.instantiate import build
from ocr.data.datamodule import DataModule
from ocr.data.samples import Sample
from ocr.errors import UserError
from ocr.log import log_to_stderr

# What a command sets for its runs, so that nobody else may.
_OURS = {
    "data", "data.dir", "data.folds", "data.fold", "data.train_images",
    "fit", "test", "ckpt_path", "hydra.mode", "hydra.run.dir",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A folder of captioned images and the overrides that all runs have in common.

    labels: where the captions are, as data.labels. ours: further keys that the command sets.
    """

    folder: Path
    labels: str | None = None
    overrides: Sequence[str] = ()
    ours: Iterable[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Look for overrides that would be overridden."""
        for override in OverridesParser.create().parse_overrides(list(self.overrides)):
            if override.key_or_group in _OURS.union(self.ours):
                raise UserError(f"{override.input_line}: this command sets that itself")

    @property
    def words(self) -> list[str]:
        """The beginning of each run's command line."""
        return of_folder(self.place, self.labels, self.overrides)

    @property
    def place(self) -> Path:
        """The folder, wherever one stands."""
        return self.folder.expanduser().absolute()

    @cached_property
    def config(self) -> DictConfig:
        """What each run starts from."""
        return composed(self.words)

    def open(self, *overrides: str) -> DataModule:
        """The data of a run, split, and none of it held in memory."""
        data = build(composed([*self.words, "data.cache_mb=0", *overrides]).data)
        with log_to_stderr(), redirect_stdout(sys.stderr):  # where a progress bar goes, too
            data.setup()
        return data

    def name(self, file: str) -> str:
        """`file` as it is called in the folder."""
        path = Path(file)
        inside = path.is_relative_to(self.place)
        return path.relative_to(self.place).as_posix() if inside else file

    def plan(self, data: DataModule) -> dict[str, Any]:
        """What makes runs comparable, as plain values."""
        return {
            "folder": str(self.place),
            "captioned images": fingerprint(samples_of(data)),
            "labels": self.labels,
            "overrides": list(self.overrides),
        }


def samples_of(data: DataModule) -> list[Sample]:
    """Those of all parts."""
    return [sample for samples in data.parts.values() for sample in samples]


def fingerprint(samples: Iterable[Sample]) -> str:
    """Of the images' content and their captions, in any order."""
    lines = sorted(f"{sample.digest:016x} {sample.text!r}" for sample in samples)
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
