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

    # the time of trials, finals and test together; fewer finals, or none, where it is short
    minutes: float | None = None

    # what is optimised: names in metrics.json
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

    # how many trials (besides the default) are trained again, with how many fresh seeds each
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
    """Propose configurations from the scores of earlier ones, and train each in a process."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what `sweep` needs; Hydra calls this first."""
        self._given = config, hydra_context, task_function

    def sweep(self, arguments: list[str]) -> None:
        """Search.

        Args:
            arguments: The command line's overrides.
        """
        from ocr.search.sweep import search  # Optuna takes a second to load

        config, context, task = self._given
        search(config, context, task, arguments)
