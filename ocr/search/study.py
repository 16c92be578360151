"""Open the study, check that it was made for the same search, and make its sampler."""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from hydra.utils import instantiate
from omegaconf import DictConfig
from optuna.samplers import BaseSampler, BruteForceSampler, GridSampler, QMCSampler
from optuna.storages._heartbeat import BaseHeartbeatThread, get_heartbeat_thread
from optuna.trial import FrozenTrial, TrialState

from ocr.errors import UserError
from ocr.search.space import Space
from ocr.search.storage import open_storage

# Overrides that may differ between the commands of one study.
_FREE = {
    "hparams_search",
    "logger",
    "pruner",
    "data.cache_mb",
    "data.num_workers",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
}


class ShuffledGrid(BruteForceSampler):
    """Optuna's grid in random order, for trials that are asked for one by one.

    Attributes:
        exhausted: Whether all points were tried after the last trial.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        self.exhausted = False

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Set `exhausted` where Optuna would stop `Study.optimize`."""
        self.exhausted = False
        try:
            super().after_trial(study, trial, state, values)
        except RuntimeError:  # Study.stop raises it outside of Study.optimize
            self.exhausted = True


def rejoin(study: optuna.Study, number: int) -> optuna.Trial:
    """Return a running trial that another process has started.

    Optuna has no public function for this; `_trial_id` is private.
    """
    trial = study.get_trials(deepcopy=False)[number]
    return optuna.Trial(study, trial._trial_id)


def heartbeat(study: optuna.Study, trial: optuna.Trial) -> BaseHeartbeatThread:
    """Send heartbeats while a trial runs, so that other machines know that it is alive.

    Optuna has no public function for this outside of `Study.optimize`.
    """
    return get_heartbeat_thread(trial._trial_id, study._storage)


def check_settings(settings: DictConfig) -> None:
    """Check the numbers in hydra.sweeper.

    Args:
        settings: hydra.sweeper.

    Raises:
        UserError: A number is out of range.
    """
    least = {"n_trials": 1, "top_k": 0, "top_seeds": 0, "max_failure_rate": 0, "start_from_best": 0}
    for key, value in least.items():
        if settings[key] < value:
            raise UserError(f"hydra.sweeper.{key}={settings[key]}: give {value} or more")
    if settings.max_failure_rate > 1:
        raise UserError(
            f"hydra.sweeper.max_failure_rate={settings.max_failure_rate}: give a share, 0 to 1"
        )
    if settings.minutes is not None and not settings.minutes > 0:
        raise UserError(f"hydra.sweeper.minutes={settings.minutes}: give more than 0, or null")


def is_grid(sampler: DictConfig) -> bool:
    """Whether a sampler's config is a grid."""
    return sampler.get("_target_") == f"optuna.samplers.{GridSampler.__name__}"


def make_sampler(config: DictConfig, seed: int, first: int = 0) -> BaseSampler:
    """Make the sampler of a process.

    A grid becomes a `ShuffledGrid`: all points of the shipped space would not fit into memory.

    Args:
        config: The sampler's config.
        seed: The seed, unless `config` has one.
        first: The number of the process' first trial. It is added to the seed, so that no other
            process proposes the same values.

    Raises:
        UserError: The sampler refuses its arguments.
    """
    values: dict[str, Any] = {
        str(name): value for name, value in config.items() if value is not None
    }
    values.setdefault("seed", seed)
    if not values["_target_"].endswith(QMCSampler.__name__):  # it continues its sequence itself
        values["seed"] += first
    if is_grid(config):
        return ShuffledGrid(values["seed"])
    allowed = (
        "hydra_plugins.hydra_optuna_sweeper.*",
        "ocr.search.gp_sampler.*",
        "optuna.samplers.*",
    )
    try:
        return instantiate(values, _execution_whitelist_=allowed)
    except Exception as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise UserError(f"hydra/sweeper/sampler can't be made: {reason}") from error


def open_study(
    settings: DictConfig, space: Space, directions: Sequence[str], objectives: Sequence[str]
) -> optuna.Study:
    """Open the study, or create it.

    Args:
        settings: hydra.sweeper.
        space: The searched space.
        directions: "minimize" or "maximize" for each objective.
        objectives: Names in metrics.json.

    Raises:
        UserError: The storage cannot be opened, or the study was made for another search.
    """
    for direction in directions:
        if direction not in ("minimize", "maximize"):
            raise UserError(f"hydra.sweeper.direction={direction}: choose minimize or maximize")
    if len(directions) != len(objectives):
        raise UserError(
            f"hydra.sweeper.direction has {len(directions)} values and hydra.sweeper.objectives "
            f"{len(objectives)}: give a direction for each objective"
        )
    study = optuna.create_study(
        study_name=settings.study_name,
        storage=open_storage(settings.storage),
        directions=[*directions],  # type: ignore[list-item]
        load_if_exists=True,
    )
    purpose = {
        "objectives": list(objectives),
        "directions": list(directions),
        "space": space.describe(),
        "fixed": _fixed(space),
    }
    made_for = study.user_attrs.get("purpose")
    if made_for is None and not study.get_trials(deepcopy=False):
        study.set_user_attr("purpose", purpose)
    elif made_for != purpose:
        raise UserError(
            f"the study {study.study_name!r} in hydra.sweeper.storage was made for other trials: "
            f"{_differences(made_for or {}, purpose)}. Give the same values as then, or another "
            "hydra.sweeper.study_name or hydra.sweep.dir"
        )
    return study


def _fixed(space: Space) -> dict[str, str]:
    pairs = (fixed.line.partition("=")[::2] for fixed in space.fixed)
    return {key: value for key, value in pairs if key not in _FREE}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Describe the first three differences between the purposes of two searches."""
    found: dict[str, str] = {}
    for name in ("objectives", "directions", "space", "fixed"):
        then, now = old.get(name), new[name]
        if not isinstance(now, dict):
            then, now = {name: then}, {name: now}
        then = then or {}
        for key in sorted(then.keys() | now.keys()):
            both = [then.get(key), now.get(key)]
            if name == "space" and None in both:
                both = ["searched" if space else "not searched" for space in both]
            if both[0] != both[1]:
                shown = ["not given" if value is None else value for value in both]
                found.setdefault(key, f"{key} ({shown[0]} then, {shown[1]} now)")
    texts = list(found.values())
    return "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")
