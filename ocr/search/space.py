"""What is searched: the values, and what they depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial

# Overrides that belong to the search and not to what it found.
_OF_THE_SEARCH = {"hparams_search", "pruner", "test", "fit", "ckpt_path"}


@dataclass(frozen=True)
class Value:
    """One searched value.

    name: in the study: the key, and where one key has several spaces, the options they are for.
    key: in the config. default: what it is without a search.
    group, options: it matters only if `group` is set to one of `options`; None: always.
    """

    name: str
    key: str
    distribution: BaseDistribution
    default: Any
    group: str | None = None
    options: tuple[str, ...] = ()

    def matters(self, chosen: Mapping[str, Any]) -> bool:
        """Whether it has a meaning beside the `chosen` architectures."""
        return self.group is None or chosen.get(self.group, self.options[0]) in self.options


@dataclass(frozen=True)
class Fixed:
    """An override of the command line; `group` and `options` as in `Value`."""

    line: str
    group: str | None = None
    options: tuple[str, ...] = ()

    matters = Value.matters


@dataclass(frozen=True)
class Space:
    """The searched values, those that others depend on first; and the overrides that are fixed.

    always: propose every value in every trial, also those that don't matter there, as samplers
    need that learn from values which all trials have (a Gaussian process, CMA-ES).
    """

    values: tuple[Value, ...]
    fixed: tuple[Fixed, ...]
    always: bool = True

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """Let the study's sampler propose `trial`'s values; returns those that matter, by key."""
        proposed = {}
        for value in self.values:
            if self.always or value.matters(proposed):
                proposed[value.name] = trial._suggest(value.name, value.distribution)
        return self.settings(proposed)

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The values that matter among a trial's `params`, by their keys in the config."""
        return {v.key: params[v.name] for v in self._mattering(params)}

    def relevant(self, params: Mapping[str, Any]) -> list[str]:
        """The names in `params` that matter there."""
        return [v.name for v in self._mattering(params)]

    def _mattering(self, params: Mapping[str, Any]) -> list[Value]:
        return [v for v in self.values if v.name in params and v.matters(params)]

    def params(self, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The study's params for `settings` (values by key); the defaults where they say nothing.

        A value outside its space is left out, for the sampler to choose.
        """
        settings = settings or {}
        params = {}
        for value in self.values:
            given = settings.get(value.key, value.default)
            if contains(value.distribution, given):
                params[value.name] = given
        return params

    def default_trial(self) -> list[str] | None:
        """The overrides of the trial with all defaults; None if its parts aren't in the space."""
        params = self.params()
        if any("." not in value.key and value.name not in params for value in self.values):
            return None
        return self.overrides(self.settings(params))

    def overrides(self, settings: Mapping[str, Any]) -> list[str]:
        """The command line that trains with `settings`."""
        searched = [f"{key}={spelt(value)}" for key, value in settings.items()]
        return [*(fixed.line for fixed in self.fixed if fixed.matters(settings)), *searched]

    def command(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of a run by itself that trains as a trial with these `params` did."""
        lines = self.overrides(self.settings(params))
        keys = [line.lstrip("+~").partition("=")[0] for line in lines]
        return [
            line
            for line, key in zip(lines, keys, strict=True)
            if key not in _OF_THE_SEARCH and not key.startswith("callbacks.trial.")
        ]

    def describe(self) -> dict[str, str]:
        """For comparison with the space that a study was made for."""
        return {value.name: str(value.distribution) for value in self.values}

    def in_steps(self, points: int) -> "Space":
        """The same space with `points` points on each continuous interval, and the default."""
        return replace(
            self,
            values=tuple(
                replace(v, distribution=_steps(v.distribution, points, v.default))
                for v in self.values
            ),
        )


def _steps(space: BaseDistribution, points: int, default: Any) -> BaseDistribution:
    if not isinstance(space, FloatDistribution) or space.step is not None:
        return space
    grid = (np.geomspace if space.log else np.linspace)(space.low, space.high, points)
    steps = {float(f"{point:.4g}") for point in grid}
    return CategoricalDistribution(
        sorted(steps | ({default} if contains(space, default) else set()))
    )


def contains(space: BaseDistribution, value: Any) -> bool:
    """Whether `value` lies in `space`."""
    if isinstance(space, CategoricalDistribution):
        return value in space.choices
    if not isinstance(value, int | float):
        return False
    if isinstance(space, IntDistribution) and value != int(value):
        return False
    return space._contains(space.to_internal_repr(value))


def spelt(value: Any) -> str:
    """As Hydra's command line reads it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
