"""Functions that conf/ may call: `${name:argument}`."""

from omegaconf import DictConfig, OmegaConf

# What a run can choose its best epoch by, and which way is better.
OBJECTIVES = {"val/cer": "min", "val/exact_match": "max", "val/loss": "min"}


def register_resolvers() -> None:
    """Make them known to OmegaConf; more than once does no harm."""
    OmegaConf.register_resolver("fastest_precision", _fastest_precision, replace=True)
    OmegaConf.register_resolver(
        "better", lambda objective: OBJECTIVES.get(objective, "min"), replace=True
    )
    OmegaConf.register_resolver("times", lambda a, b: max(1, round(a * b)), replace=True)
    OmegaConf.register_resolver("values", _values, replace=True)


def _fastest_precision(accelerator: str) -> str:
    from ocr.model.precision import fastest_precision  # torch takes seconds to load

    return fastest_precision(accelerator)


def _values(part: DictConfig) -> DictConfig:
    """A part's config without the space to search it in."""
    return OmegaConf.create({key: part[key] for key in part if key != "search"})
