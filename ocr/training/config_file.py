"""config.yaml in the run folder: the configuration that ran."""

import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from ocr.config.program import train_command

_HEADER = """\
# The configuration of this run, with the values that the data decided. To train the same again:
#   {command} --config-dir {folder} --config-name config
defaults:
  - run
  - _self_

"""
_REFERENCE = re.compile(r"\$\{[\w.]+\}")  # to another key, such as ${objective}


@rank_zero_only
def save_config(config: DictConfig, folder: Path) -> None:
    """Write config.yaml.

    Resolvers are replaced by their values. References to other keys stay, so that each value is
    written once and an override of it changes every copy.

    Args:
        config: Config of the run, with the values that the data and a checkpoint decided.
        folder: The run folder.
    """
    path = folder / "config.yaml"
    if not config.fit and path.exists():  # keep the config of the training
        return
    values = _resolved(config)
    del values["run"]  # it is in conf/run.yaml
    values["shape_from_checkpoint"] = False  # these values contain the shape
    if config.fit:
        values["ckpt_path"] = None  # the same training starts from the beginning
    if "trial" in values["callbacks"]:  # it would report to the study of the search
        values["callbacks"]["trial"] = None
    text = OmegaConf.to_yaml(OmegaConf.create(values))
    path.write_text(_HEADER.format(command=train_command(), folder=folder) + text, encoding="utf-8")


def _resolved(section: DictConfig) -> dict[str, Any]:
    """Return the values of a section, with references to other keys unresolved."""
    values: dict[str, Any] = {}
    for key, raw in OmegaConf.to_container(section, resolve=False).items():
        if OmegaConf.is_interpolation(section, key):
            is_section = OmegaConf.is_config(section[key])
            values[key] = raw if is_section or _REFERENCE.fullmatch(raw) else section[key]
        elif isinstance(raw, dict):
            values[key] = _resolved(section[key])
        else:
            values[key] = raw
    return values
