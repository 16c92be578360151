"""Make a part from its config."""

from collections.abc import Mapping
from typing import Any

from hydra.errors import HydraException
from hydra.utils import instantiate

from ocr.errors import UserError

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


def build(config: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Call the config's `_target_` with its other keys, and with `args` and `kwargs` as they are.

    Raises UserError, with the values, if the target can't do anything with them.
    """
    try:
        return instantiate(config, _partial_=True, _execution_whitelist_=ALLOWED)(*args, **kwargs)
    except (UserError, HydraException):
        raise
    except Exception as error:
        name = config["_target_"].rpartition(".")[2]
        values = ", ".join(
            f"{key}={value}"
            for key, value in config.items()
            if not key.startswith("_") and not isinstance(value, Mapping)
        )
        raise UserError(f"{name} can't be made: {error} (its values: {values})") from error
