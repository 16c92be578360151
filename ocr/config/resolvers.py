"""OmegaConf resolvers that conf/ uses: `${name:argument}`."""

from math import isfinite
from typing import Any

from omegaconf import DictConfig, OmegaConf

# Metrics that can choose the best epoch, and their directions.
OBJECTIVES = {"val/cer": "min", "val/exact_match": "max", "val/loss": "min"}


def register_resolvers() -> None:
    """Register the resolvers with OmegaConf, unless that is done."""
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
    """Return a rounded product, at least 1. Wrong factors are refused later, in `check_config`."""
    number = isinstance(factor, int | float) and isfinite(factor)
    return max(1, round(whole * factor)) if number else whole


def _values(part: DictConfig) -> DictConfig:
    """Return a part's config with its values resolved and without its search space."""
    return OmegaConf.create({key: part[key] for key in part if key != "search"})
