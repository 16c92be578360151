"""config.yaml in the run folder: the configuration that ran."""

import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_only

from ocr.config.program import train_command

_HEADER = """\
# The configuration of this run, with what the data decided. To train the same again:
#   {command} --config-dir {folder} --config-name config
defaults:
  - run
  - _self_

"""
_REFERENCE = re.compile(r"\$\{[\w.]+\}")  # to another key, such as ${objective}


@rank_zero_only
def save_config(config: DictConfig, folder: Path) -> None:
    """Write config.yaml.

    Resolvers are replaced by their values. References to other keys stay, so that every value
    stands once and an override of it has an effect.

    Args:
        config: Of the run, with what the data and a checkpoint decided.
        folder: The run folder.
    """
    path = folder / "config.yaml"
    if not config.fit and path.exists():  # of the training that is tested
        return
    values = _resolved(config)
    del values["run"]  # conf/run.yaml has it
    values["shape_from_checkpoint"] = False  # it is in these values
    if config.fit:
        values["ckpt_path"] = None  # to train the same again is to begin anew
    if "trial" in values["callbacks"]:  # it reports to the study of a search
        values["callbacks"]["trial"] = None
    text = OmegaConf.to_yaml(OmegaConf.create(values))
    path.write_text(_HEADER.format(command=train_command(), folder=folder) + text, encoding="utf-8")


def _resolved(section: DictConfig) -> dict[str, Any]:
    written = OmegaConf.to_container(section, resolve=False)
    values: dict[str, Any] = {}
    for key, text in written.items():
        if OmegaConf.is_interpolation(section, key):
            copies = OmegaConf.is_config(section[key])  # a whole section
            values[key] = text if copies or _REFERENCE.fullmatch(text) else section[key]
        elif isinstance(text, dict):
            values[key] = _resolved(section[key])
        else:
            values[key] = text
    return values
