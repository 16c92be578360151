"""Make a part from its config."""

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate

# Configs come from checkpoints too, and a checkpoint may come from anyone: only these may run.
ALLOWED = [
    "ocr.data.augment.*",
    "ocr.data.kinds.*",
    "ocr.model.*",
    "pytorch_lightning.Trainer",
    "pytorch_lightning.callbacks.*",
    "pytorch_lightning.loggers.*",
    "torch.nn.modules.linear.Identity",
    "torch.optim.*",
]


def build(config: Mapping[str, Any], **kwargs: Any) -> Any:
    """Call the config's `_target_` with its other keys and `kwargs`."""
    return instantiate(config, _execution_whitelist_=ALLOWED, **kwargs)
