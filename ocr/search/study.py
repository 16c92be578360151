"""The study: opened or made, checked against what is asked of it, with its sampler."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import optuna
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from optuna.samplers import BaseSampler, BruteForceSampler, GridSampler, QMCSampler

from ocr.errors import UserError
from ocr.search.space import Space
from ocr.search.storage import disconnect, open_storage

# Overrides that may change from one command to the next without making other trials.
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


@cache
def joined(storage: str, study_name: str) -> optuna.Study:
    """A study that its search has opened before; once a process, and without a connection yet."""
    study = optuna.load_study(study_name=study_name, storage=open_storage(storage, checked=True))
    last = study.get_trials(deepcopy=False)[-1]
    optuna.Trial(study, last._trial_id)  # the first look at a trial that runs takes longer
    disconnect(study._storage)
    return study


def require_sense(settings: DictConfig) -> None:
    """Raise UserError for a number in hydra.sweeper that can't be meant."""
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
    """Whether `sampler` (a config) goes through a grid."""
    return sampler.get("_target_") == f"optuna.samplers.{GridSampler.__name__}"


def make_sampler(config: DictConfig, seed: int, first: int = 0) -> BaseSampler:
    """The sampler of a process whose first trial is number `first`; no other proposes the same.

    A grid is gone through in random order, made point by point: that of the shipped space would
    not fit into memory. Raises UserError if the sampler can't be made.
    """
    values = {
        name: value
        for name, value in OmegaConf.to_container(config, resolve=True).items()
        if value is not None
    }
    values.setdefault("seed", seed)
    if not values["_target_"].endswith(QMCSampler.__name__):
        values["seed"] += first  # a sequence continues by itself; chance would start anew
    if is_grid(config):
        return BruteForceSampler(seed=values["seed"])
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


def tell(
    study: optuna.Study, trial: optuna.Trial | int, values: Any = None, state: Any = None
) -> bool:
    """Tell `study` what came of `trial`; returns False if its sampler has nothing more to try."""
    try:
        study.tell(trial, values, state)
    except RuntimeError as error:
        # What a sampler says that has been through its whole grid; the trial is told all the same.
        if "Study.stop" not in str(error):
            raise
        return False
    return True


def open_study(
    settings: DictConfig, space: Space, directions: Sequence[str], objectives: Sequence[str]
) -> optuna.Study:
    """The study that hydra.sweeper's `settings` name, made if need be.

    Raises UserError if it can't be reached, or was made for something else.
    """
    for direction in directions:
        if direction not in ("minimize", "maximize"):
            raise UserError(f"hydra.sweeper.direction={direction}: choose minimize or maximize")
    if len(directions) != len(objectives):
        raise UserError(
            f"hydra.sweeper.direction names {len(directions)} directions for the "
            f"{len(objectives)} of hydra.sweeper.objectives: give one for each"
        )
    study = optuna.create_study(
        study_name=settings.study_name,
        storage=open_storage(settings.storage),
        directions=list(directions),
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
                told = ["not given" if value is None else value for value in both]
                found.setdefault(key, f"{key} ({told[0]} then, {told[1]} now)")
    texts = list(found.values())
    return "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")
