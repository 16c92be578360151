"""Compose the configuration of a run without Hydra's command line."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

from ocr.config.command_line import require_pairs
from ocr.config.hydra_errors import explain
from ocr.config.overrides import CONF, normalize_overrides, quote_value
from ocr.config.resolvers import register_resolvers
from ocr.errors import UserError


def compose_without_run(overrides: Sequence[str]) -> DictConfig:
    """Compose the configuration for a command that doesn't train and has no run folder."""
    return _compose(overrides)[0]


def compose(overrides: Sequence[str] = ()) -> DictConfig:
    """Compose the configuration of a training run, as `python train.py OVERRIDES` does.

    Args:
        overrides: Such as "data=folder" and "data.dir=PATH"; "hydra.run.dir=PATH" names the run
            folder.

    Returns:
        The configuration, for `train`.

    Raises:
        UserError: An override is wrong.
    """
    try:
        require_pairs(overrides)
        config, folder, changes = _compose(overrides)
        config.run.dir = str(Path(folder).absolute())
        config.run.overrides = changes
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(explain(error)) from error
    return config


def _compose(overrides: Sequence[str]) -> tuple[DictConfig, str, list[str]]:
    """Return a configuration with an empty `run` section, the run folder and the overrides."""
    register_resolvers()
    with initialize_config_dir(str(CONF)):
        words = normalize_overrides(overrides)
        config = hydra_compose("train", overrides=words, return_hydra_config=True)
    folder, changes = config.hydra.run.dir, list(config.hydra.overrides.task)
    with open_dict(config):
        del config["hydra"]
    config.run.dir = config.run.overrides = None
    return config, folder, changes


def folder_overrides(folder: Path, labels: str | None, overrides: Sequence[str] = ()) -> list[str]:
    """Return the overrides for a folder and its caption source, followed by `overrides`."""
    words = ["data=folder", f"data.dir={quote_value(str(folder))}"]
    if labels is not None:
        words.append(f"data.labels={quote_value(labels)}")
    return [*words, *overrides]


def changes_only_data(overrides: Iterable[str]) -> bool:
    """Return whether overrides change only the images, and neither network nor augmentation."""
    return all(re.match(r"data=|[+~]*data\.(?!augment)", word) for word in overrides)
