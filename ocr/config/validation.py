"""Check the types of values against the annotations of the targets' arguments."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from inspect import isclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf

from ocr.config.instantiate import find_target
from ocr.errors import UserError

_WANTED = {float: "a number", int: "a whole number", bool: "true or false"}


def require_types(config: DictConfig) -> None:
    """Raise UserError for the first value whose type its target doesn't take."""
    _require(OmegaConf.to_container(config), "")


def _require(values: dict[str, Any], key: str) -> None:
    target = values.get("_target_")
    wanted = _wanted(target) if isinstance(target, str) and "$" not in target else {}
    for name, value in values.items():
        text = isinstance(value, str) and "$" not in value
        fraction = isinstance(value, float) and wanted.get(name) == _WANTED[int]
        if name in wanted and (text or fraction or isinstance(value, list)):
            raise UserError(f"{key}{name}={value}: give {wanted[name]}")
    for name, value in values.items():
        if isinstance(value, dict):
            _require(value, f"{key}{name}.")


@cache
def _wanted(target: str) -> dict[str, str]:
    """Describe the values of the arguments that take only numbers or only booleans."""
    wanted: dict[str, str] = {}
    with suppress(Exception):  # `build` reports what is wrong with the target
        for name, kinds in _kinds(find_target(target)):
            wanted.pop(name, None)  # a subclass may accept more types
            known = [_WANTED[kind] for kind in _WANTED if kind in kinds]
            others = kinds - {*_WANTED, NoneType}
            if known and all(getattr(other, "__name__", "") == "Tensor" for other in others):
                wanted[name] = known[0]
    return wanted


def _kinds(maker: Any) -> Iterator[tuple[str, set]]:
    """Yield the arguments of a function, or of a class and its base classes, with their types."""
    makers = [kind.__init__ for kind in reversed(maker.__mro__)] if isclass(maker) else [maker]  # type: ignore[misc]
    for each in makers:
        for name, hint in get_type_hints(each).items():
            yield name, {*get_args(hint)} if get_origin(hint) in (Union, UnionType) else {hint}
