"""Functions that conf/ may call: `${name:argument}`."""

from math import isfinite
from typing import Any

from omegaconf import DictConfig, OmegaConf

# What a run can choose its best epoch by, and which way is better.
OBJECTIVES = {"val/cer": "min", "val/exact_match": "max", "val/loss": "min"}


def register_resolvers() -> None:
    """Make them known to OmegaConf; more than once does no harm."""
    OmegaConf.register_resolver("fastest_precision", _fastest_precision, replace=True)
    OmegaConf.register_resolver(
        "better", lambda objective: OBJECTIVES.get(objective, "min"), replace=True
    )
    OmegaConf.register_resolver("times", _times, replace=True)
    OmegaConf.register_resolver("values", _values, replace=True)


def _fastest_precision(accelerator: str) -> str:
    from ocr.config.precision import fastest_precision  # torch takes seconds to load

    return fastest_precision(accelerator)


def _times(whole: int, factor: Any) -> int:
    """Rounded to a whole number, 1 at least; what is no factor is refused where settings are."""
    number = isinstance(factor, int | float) and isfinite(factor)
    return max(1, round(whole * factor)) if number else whole


def _values(part: DictConfig) -> DictConfig:
    """A part's config without the space to search it in; with values, as a checkpoint has them."""
    return OmegaConf.create({key: part[key] for key in part if key != "search"})
