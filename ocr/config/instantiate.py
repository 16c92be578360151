"""Make a part from its config."""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from functools import cache
from typing import Any

from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from ocr.errors import UserError

MAX_VALUES = 12  # values in a message; of more, nobody would find the one that is wrong
PARTS = ("ocr.models.encoders.*", "ocr.models.recurrent.*", "ocr.models.heads.*")
# What train.py builds from conf/; nothing else is meant to run.
ALLOWED = (
    "ocr.data.augmentation.*",
    "ocr.data.factory.*",
    "ocr.callbacks.*",
    "ocr.models.*",
    "ocr.search.trial_callback.*",
    "optuna.pruners.*",
    "pytorch_lightning.Trainer",
    "pytorch_lightning.callbacks.*",
    "pytorch_lightning.loggers.*",
    "torch.nn.modules.linear.Identity",
    "torch.optim.*",
)


def build(config: Mapping[str, Any], *args: Any, section: str = "", **kwargs: Any) -> Any:
    """Call the config's `_target_` with its other keys, and with `args` and `kwargs` as they are.

    section: where the config stands in train.py's, such as "optimizer".
    Raises UserError, with the keys and their values, if the target can't do anything with them.
    """
    return _build(config, ALLOWED, args, kwargs, section)


def build_part(config: Mapping[str, Any], section: str = "", **kwargs: Any) -> Any:
    """Like `build`, for a part of the network: its config may come from a stranger's file."""
    for key, value in config.items() if isinstance(config, Mapping) else ():
        if isinstance(value, Mapping | list):
            raise UserError(
                f"{_key(section, key)}={value}: a part of the network has plain values only"
            )
    return _build(config, PARTS, (), kwargs, section)


def find_target(target: str) -> Callable:
    """The class or function that a config's `_target_` names."""
    part = any(fnmatch(target, pattern) for pattern in PARTS)
    return _resolve_target(target, PARTS if part else ALLOWED)


@cache
def _resolve_target(target: str, allowed: tuple[str, ...]) -> Callable:
    """What `target` names; Hydra raises if that, wherever it comes from, isn't `allowed`."""
    made = instantiate({"_target_": target}, _partial_=True, _execution_whitelist_=[*allowed])
    return made.func  # itself, `made` would look through its arguments for up to 30 ms a call


def _build(
    config: Mapping[str, Any], allowed: tuple[str, ...], args: tuple, kwargs: dict, section: str
) -> Any:
    if not isinstance(config, Mapping) or "_target_" not in config:
        raise UserError(f"{section or 'config'}={config}: give its keys, {section}.KEY=VALUE")
    if OmegaConf.is_config(config):  # on its own: `instantiate` would copy the whole config with it
        config = OmegaConf.to_container(config, resolve=True)
    # What is passed on as it is needn't go through Hydra, which would copy it several times.
    whole = config.get("_recursive_") is False and config.get("_convert_") == "all"
    plain = {
        key: value
        for key, value in config.items()
        if not key.startswith("_")
        and (whole or (isinstance(value, str | int | float | None) and value != "???"))
    }
    rest = {key: value for key, value in config.items() if key not in plain}
    try:
        if rest.keys() <= {"_target_", "_recursive_", "_convert_"} and "_target_" in rest:
            make = _resolve_target(str(rest["_target_"]), allowed)
        else:
            make = instantiate(rest, _partial_=True, _execution_whitelist_=[*allowed])
        return make(*args, **(plain | kwargs))
    except (UserError, HydraException):
        raise
    except Exception as error:
        raise UserError(_refusal(config, section, error)) from error


def _refusal(config: Mapping[str, Any], section: str, error: Exception) -> str:
    """Name the keys of `config` that `error` is about; all of them where it doesn't say."""
    name = str(config.get("_target_")).rpartition(".")[2]
    text = " ".join(str(error).split()) or type(error).__name__
    own = {
        key: value
        for key, value in config.items()
        if not key.startswith("_") and not isinstance(value, Mapping)
    }
    # Python has no attribute for the argument that a call refuses.
    unknown = re.search(r"unexpected keyword argument '(\w+)'", text)
    if unknown and unknown[1] in own:
        key = unknown[1]
        return f"{_key(section, key)}={own[key]}: {name} has no such argument"
    meant = [key for key, value in own.items() if _names(text, key, value)]
    meant = meant or [key for key, value in own.items() if isinstance(value, list)]
    values = [f"{_key(section, key)}={own[key]}" for key in meant or own]
    if len(values) > MAX_VALUES:
        return f"{section or 'values'}: {name} can't be made: {text}"
    return f"{name} can't be made: {text} ({'its values: ' * (not meant)}{', '.join(values)})"


def _key(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def _names(text: str, key: str, value: Any) -> bool:
    """Whether `text` has the key, or its value, unless that could be many another's."""
    if re.search(rf"\b{re.escape(key)}\b", text):
        return True
    if value in (None, True, False, 0, 1):
        return False
    if isinstance(value, int | float):
        numbers = re.findall(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?(?![\w])", text)
        return any(float(number) == value for number in numbers)
    return bool(str(value)) and str(value) in text
