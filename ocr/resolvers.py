"""Functions that conf/ may call: `${name:argument}`."""

from omegaconf import DictConfig, OmegaConf

from ocr.model.precision import fastest_precision

# What a run can choose its best epoch by, and which way is better.
OBJECTIVES = {"val/cer": "min", "val/exact_match": "max", "val/loss": "min"}


def register_resolvers() -> None:
    """Make them known to OmegaConf; more than once does no harm."""
    OmegaConf.register_resolver("fastest_precision", fastest_precision, replace=True)
    OmegaConf.register_resolver(
        "better", lambda objective: OBJECTIVES.get(objective, "min"), replace=True
    )
    OmegaConf.register_resolver("values", _values, replace=True)


def _values(part: DictConfig) -> DictConfig:
    """A part's config without the space to search it in."""
    return OmegaConf.masked_copy(part, [key for key in part if key != "search"])
