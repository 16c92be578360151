"""Build objects from their configs, if the target is allowed."""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from functools import cache
from typing import Any

from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from ocr.errors import UserError

MAX_VALUES = 12  # values in a message
PARTS = ("ocr.models.encoders.*", "ocr.models.recurrent.*", "ocr.models.heads.*")
# Targets of conf/; others are refused, because a config may come from someone else.
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
    """Call the config's `_target_` with its other keys.

    Args:
        config: The target and its arguments.
        args: Further arguments, passed on unchanged.
        section: The place of the config in the whole configuration, such as "optimizer".
        kwargs: Further keyword arguments, passed on unchanged.

    Raises:
        UserError: The target refuses the values, which the message names.
    """
    return _build(config, ALLOWED, args, kwargs, section)


def build_part(config: Mapping[str, Any], section: str = "", **kwargs: Any) -> Any:
    """Build a part of the network like `build`; its config may be from an untrusted checkpoint."""
    for key, value in config.items() if isinstance(config, Mapping) else ():
        if isinstance(value, Mapping | list):
            raise UserError(
                f"{_key(section, key)}={value}: parts of the network take plain values only"
            )
    return _build(config, PARTS, (), kwargs, section)


def find_target(target: str) -> Callable:
    """Return the class or function that a config's `_target_` names."""
    part = any(fnmatch(target, pattern) for pattern in PARTS)
    return _resolve_target(target, PARTS if part else ALLOWED)


@cache
def _resolve_target(target: str, allowed: tuple[str, ...]) -> Callable:
    """Return what `target` names; Hydra raises if that is not `allowed`."""
    made = instantiate({"_target_": target}, _partial_=True, _execution_whitelist_=[*allowed])
    # Calling `made` itself takes up to 30 ms more, as Hydra walks through the arguments.
    return made.func


def _build(
    config: Mapping[str, Any], allowed: tuple[str, ...], args: tuple, kwargs: dict, section: str
) -> Any:
    if not isinstance(config, Mapping) or "_target_" not in config:
        raise UserError(f"{section or 'config'}={config}: give its keys, {section}.KEY=VALUE")
    if OmegaConf.is_config(config):  # `instantiate` would copy its parents as well
        config = OmegaConf.to_container(config, resolve=True)
    # Arguments that are passed on unchanged bypass Hydra, which would copy them several times.
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
    """Describe an error with the keys of `config` that it names, or else all keys."""
    name = str(config.get("_target_")).rpartition(".")[2]
    text = " ".join(str(error).split()) or type(error).__name__
    own = {
        key: value
        for key, value in config.items()
        if not key.startswith("_") and not isinstance(value, Mapping)
    }
    # The TypeError has no attribute for the name of the argument.
    unknown = re.search(r"unexpected keyword argument '(\w+)'", text)
    if unknown and unknown[1] in own:
        key = unknown[1]
        return f"{_key(section, key)}={own[key]}: {name} has no such argument"
    meant = [key for key, value in own.items() if _names(text, key, value)]
    meant = meant or [key for key, value in own.items() if isinstance(value, list)]
    values = [f"{_key(section, key)}={own[key]}" for key in meant or own]
    if len(values) > MAX_VALUES:
        return f"{section or 'values'}: cannot build {name}: {text}"
    return f"cannot build {name}: {text} ({'its values: ' * (not meant)}{', '.join(values)})"


def _key(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def _names(text: str, key: str, value: Any) -> bool:
    """Return whether `text` contains the key, or its value if that is distinctive."""
    if re.search(rf"\b{re.escape(key)}\b", text):
        return True
    if value in (None, True, False, 0, 1):
        return False
    if isinstance(value, int | float):
        numbers = re.findall(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?(?![\w])", text)
        return any(float(number) == value for number in numbers)
    return bool(str(value)) and str(value) in text
