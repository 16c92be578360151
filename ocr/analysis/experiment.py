"""The data set and the settings that several runs share."""

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

from ocr.config.compose import compose_without_run, folder_overrides
from ocr.config.instantiate import build
from ocr.data.datamodule import OCRDataModule
from ocr.data.samples import Sample, Samples
from ocr.errors import UserError
from ocr.log import log_to_stderr

# Keys that the commands set in each of their runs.
_RESERVED = {
    "data", "data.dir", "data.folds", "data.fold", "data.train_images",
    "fit", "test", "ckpt_path", "hydra.mode", "hydra.run.dir",
}  # fmt: skip


@dataclass(frozen=True)
class Experiment:
    """A folder of captioned images, and the overrides that all runs have in common.

    Attributes:
        folder: The folder.
        labels: The source of the captions, as `data.labels`.
        extra_overrides: Overrides of the user for all runs.
        reserved: Further keys that only the command may set.
    """

    folder: Path
    labels: str | None = None
    extra_overrides: Sequence[str] = ()
    reserved: Iterable[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Raise UserError for overrides of reserved keys."""
        for override in OverridesParser.create().parse_overrides(list(self.extra_overrides)):
            if override.key_or_group in _RESERVED.union(self.reserved):
                raise UserError(
                    f"{override.input_line}: this command sets that itself; leave it out"
                )

    @property
    def overrides(self) -> list[str]:
        """The overrides that all runs have in common."""
        return folder_overrides(self.path, self.labels, self.extra_overrides)

    @property
    def path(self) -> Path:
        """The absolute path of the folder."""
        return self.folder.expanduser().absolute()

    @cached_property
    def config(self) -> DictConfig:
        """The config that all runs have in common."""
        return compose_without_run(self.overrides)

    def load_data(self, *overrides: str) -> OCRDataModule:
        """Scan and split the data of a run, without keeping images in memory.

        Args:
            overrides: Further overrides of the run.
        """
        data = build(compose_without_run([*self.overrides, "data.cache_mb=0", *overrides]).data)
        with log_to_stderr(), redirect_stdout(sys.stderr):  # progress bars included
            data.setup()
        return data

    def relative_name(self, file: str) -> str:
        """Return the path of an image relative to the folder, if it lies in it."""
        path = Path(file)
        inside = path.is_relative_to(self.path)
        return path.relative_to(self.path).as_posix() if inside else file

    def plan(self, data: OCRDataModule) -> dict[str, Any]:
        """Return the values that must be equal for runs to be comparable, ready for JSON."""
        return {
            "folder": str(self.path),
            "captioned images": fingerprint(all_samples(data)),
            "labels": self.labels,
            "overrides": list(self.extra_overrides),
        }


def all_samples(data: OCRDataModule) -> Samples:
    """Return the samples of all parts."""
    return Samples.concatenate(data.parts.values())


def fingerprint(samples: Iterable[Sample]) -> str:
    """Hash the images' contents and captions, independently of their order."""
    lines = sorted(f"{sample.digest:016x} {sample.text!r}" for sample in samples)
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
