"""Hydra's Optuna sweeper as this project extends it: `hydra/sweeper=surrogate`.

Hydra finds this module through the entry point in pyproject.toml, in every run; so it imports
little.
"""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_optuna_sweeper.config import OptunaSweeperConf
from omegaconf import DictConfig


@dataclass
class SurrogateConf(OptunaSweeperConf):
    """The keys of hydra.sweeper: those of Hydra's Optuna sweeper, and ours."""

    _target_: str = "ocr.search.sweeper.SurrogateSweeper"

    # trials at once; null: joblib's n_jobs, or 1 for the basic launcher, or 2
    n_jobs: int | None = None

    # the share of trials that may fail before the search gives up
    max_failure_rate: float = 0.5

    # minutes after which no trial starts, and those that run stop at their next validation
    minutes: float | None = None

    # what is optimised: names in metrics.json
    objectives: list[str] = field(default_factory=lambda: ["${objective}"])

    # an Optuna pruner, see conf/pruner
    pruner: Any = None

    # try the default configuration first
    start_with_default: bool = True

    # trials.csv of earlier searches (one, or a list), whose best are tried first; how many of each
    start_from: Any = field(default_factory=list)
    start_from_best: int = 3

    # trials (and the default) that are trained again, and with how many fresh seeds each
    top_k: int = 3
    top_seeds: int = 2

    # train the winner once more, on training and validation images
    retrain: bool = False

    # points along a continuous interval for sampler=grid
    grid_points: int = 3


ConfigStore.instance().store(
    group="hydra/sweeper", name="surrogate", node=SurrogateConf, provider="surrogate-ocr"
)


class SurrogateSweeper(Sweeper):
    """Proposes configurations from what earlier ones scored; survives what they do."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def sweep(self, arguments: list[str]) -> None:
        """Search the space of `arguments` (the command line's overrides) and of the config."""
        from ocr.search.sweep import search  # Optuna takes a second to load

        search(self.config, self.hydra_context, self.task_function, arguments)
