"""The sweeper `hydra/sweeper=surrogate`, which extends Hydra's Optuna sweeper.

Hydra imports this module in every run, through the entry point in pyproject.toml, so it imports
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
    """The keys of hydra.sweeper: those of Hydra's Optuna sweeper, and more."""

    _target_: str = "ocr.search.sweeper.SurrogateSweeper"

    # trials at once; null: the number of the launcher that is given, or one a core (four at most)
    # where joblib's launcher is installed
    n_jobs: int | None = None  # type: ignore[assignment]

    # the search ends when a larger share of its trials fails
    max_failure_rate: float = 0.5

    # minutes for trials, finals and test together; if they are few, there are fewer finals or none
    minutes: float | None = None

    # the optimised metrics: names in metrics.json
    objectives: list[str] = field(default_factory=lambda: ["${objective}"])

    # an Optuna pruner, see conf/pruner
    pruner: Any = None

    # try the default configuration first
    start_with_default: bool = True

    # configurations to try after the default, each with values by key; all others are the default's
    portfolio: list[dict[str, Any]] = field(default_factory=list)

    # trials.csv of earlier searches (one, or a list), whose best trials are tried first
    start_from: Any = field(default_factory=list)
    start_from_best: int = 3

    # the number of trials (besides the default) that are trained again, and of fresh seeds for each
    top_k: int = 3
    top_seeds: int = 2

    # train the winner again, on training and validation images
    retrain: bool = False

    # number of points in a continuous interval for sampler=grid
    grid_points: int = 3


ConfigStore.instance().store(
    group="hydra/sweeper", name="surrogate", node=SurrogateConf, provider="surrogate-ocr"
)


class SurrogateSweeper(Sweeper):
    """Sweeper that proposes configs by the scores of earlier ones, and trains each in a process."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Store the arguments for `sweep`; Hydra calls this first."""
        self._setup = config, hydra_context, task_function

    def sweep(self, arguments: list[str]) -> None:
        """Search.

        Args:
            arguments: The command line's overrides.
        """
        from ocr.search.sweep import search  # Optuna takes a second to import

        config, context, task = self._setup
        search(config, context, task, arguments)
