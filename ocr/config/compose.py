"""The config of train.py for commands that work on the same data."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from ocr.config.instantiate import build
from ocr.config.overrides import CONF, as_meant, quoted
from ocr.config.resolvers import register_resolvers
from ocr.data.sources.image_folder import FolderParts
from ocr.data.validation import require_share
from ocr.errors import UserError


def composed(overrides: Sequence[str]) -> DictConfig:
    """What `python train.py OVERRIDES` would run with. Raises UserError where conf/ is missing."""
    if not CONF.is_dir():
        raise UserError(f"{CONF}: not there; this command needs the project's folder")
    register_resolvers()
    with initialize_config_dir(str(CONF)):
        return compose("train", overrides=as_meant(overrides))


def of_folder(folder: Path, labels: str | None, overrides: Sequence[str] = ()) -> list[str]:
    """The overrides that name a folder and where its captions are, then `overrides`."""
    words = ["data=folder", f"data.dir={quoted(str(folder))}"]
    if labels is not None:
        words.append(f"data.labels={quoted(labels)}")
    return [*words, *overrides]


def only_data(overrides: Iterable[str]) -> bool:
    """Whether they are about the images alone: network and augmentation are those of conf/."""
    return all(re.match(r"data=|[+~]*data\.(?!augment)", word) for word in overrides)


def unserved(config: DictConfig, overrides: Sequence[str]) -> FolderParts:
    """The folder of `config.data`, for those who don't train: torch takes seconds to load."""
    values = OmegaConf.to_container(config.data, resolve=True)
    # Not needed, but training would refuse wrong values.
    augment = values.pop("augment", None)
    if augment and not only_data(overrides):
        build(augment)
    require_share(splicing=values.pop("splicing", None))
    return build(values | {"_target_": "ocr.data.sources.image_folder.FolderParts"})
