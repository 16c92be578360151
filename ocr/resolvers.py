"""Functions that conf/ may call: `${name:argument}`."""

from omegaconf import OmegaConf

from ocr.model.metrics import OBJECTIVES
from ocr.model.precision import fastest_precision


def register_resolvers() -> None:
    """Make them known to OmegaConf; more than once does no harm."""
    OmegaConf.register_resolver("fastest_precision", fastest_precision, replace=True)
    OmegaConf.register_resolver(
        "better", lambda objective: OBJECTIVES.get(objective, "min"), replace=True
    )
