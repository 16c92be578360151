"""Check a configuration before a run."""

from math import inf

from omegaconf import DictConfig

from ocr.config.instantiate import build
from ocr.config.program import train_command
from ocr.config.resolvers import OBJECTIVES
from ocr.config.validation import require_types
from ocr.errors import UserError
from ocr.threads import require_threads
from ocr.training.paths import require_paths
from ocr.training.seed import require_seed
from ocr.training.trainer import require_flags


def check_config(config: DictConfig) -> None:
    """Check paths and values without torch, which takes seconds to load.

    Raises:
        UserError: A value is wrong.
    """
    trial = config.callbacks.get("trial")
    if trial and trial.number is None:
        command = f"{train_command()} -m hparams_search=..."
        raise UserError(f"hparams_search needs -m: {command}")
    require_paths(config)
    _check_settings(config)


def _check_settings(config: DictConfig) -> None:
    """Check the values whose check needs neither torch nor files."""
    require_seed(config.seed)
    require_threads(config.threads)
    for key, factor in config.effort.items():
        if not (isinstance(factor, int | float) and 0 < factor < inf):
            raise UserError(f"effort.{key}={factor}: give a factor, a number above 0")
    if str(config.objective) not in OBJECTIVES:
        raise UserError(f"objective={config.objective}: choose one of {', '.join(OBJECTIVES)}")
    require_flags(config)


def check_values(config: DictConfig) -> None:
    """Check the values that would otherwise be refused only after the scan of the images.

    Raises:
        UserError: A value is wrong.
    """
    _check_settings(config)
    require_types(config)
    from torch import zeros  # random tensors would change the random numbers of the run

    model = config.model
    optimizer = build(model.optimizer, [zeros(1, requires_grad=True)], section="optimizer")
    build(model.scheduler, optimizer, 1, section="scheduler")
