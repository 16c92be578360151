"""The searched space: its values, and the conditions under which they matter."""

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

# Keys of overrides that only a search needs.
_ONLY_IN_SEARCH = {"hparams_search", "pruner", "test", "fit", "ckpt_path"}


@dataclass(frozen=True)
class Condition:
    """An override or a value that matters only for some options of a group.

    Attributes:
        group: The config group; None if it always matters.
        options: The group's options for which it matters.
    """

    group: str | None = None
    options: tuple[str, ...] = ()

    def applies(self, chosen: Mapping[str, Any]) -> bool:
        """Whether it matters.

        Args:
            chosen: The chosen options, by group.
        """
        return self.group is None or chosen.get(self.group, self.options[0]) in self.options


@dataclass(frozen=True)
class Value:
    """A searched value.

    Attributes:
        name: Its name in the study: the key, with the options if their search spaces differ.
        key: Its key in the config.
        distribution: Its search space.
        default: Its value without a search.
        condition: When it matters.
    """

    name: str
    key: str
    distribution: BaseDistribution
    default: Any
    condition: Condition = Condition()


@dataclass(frozen=True)
class Fixed:
    """An override of the command line that is not searched.

    Attributes:
        line: The override.
        condition: When it matters.
    """

    line: str
    condition: Condition = Condition()


@dataclass(frozen=True)
class Space:
    """The searched values and the overrides that are fixed.

    Every trial has all values, including those that do not matter for it, because a Gaussian
    process and CMA-ES learn only from values that all trials have.

    Attributes:
        values: The searched values; those that others depend on come first.
        fixed: The fixed overrides.
    """

    values: tuple[Value, ...]
    fixed: tuple[Fixed, ...]

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """Let the sampler propose all values of a trial; return those that matter, by key."""
        params = {value.name: _suggest(trial, value) for value in self.values}
        return self.settings(params)

    def settings(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of a trial's params that matter, by their keys in the config."""
        return {value.key: params[value.name] for value in self._relevant(params)}

    def relevant(self, params: Mapping[str, Any]) -> list[str]:
        """Return the names of the params that matter."""
        return [value.name for value in self._relevant(params)]

    def _relevant(self, params: Mapping[str, Any]) -> list[Value]:
        return [v for v in self.values if v.name in params and v.condition.applies(params)]

    def params(self, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the params of a trial with given values, and defaults for all others.

        Args:
            settings: Values by key in the config. The sampler chooses values outside the space.
        """
        settings = settings or {}
        params = {}
        for value in self.values:
            given = settings.get(value.key, value.default)
            if contains(value.distribution, given):
                params[value.name] = given
        return params

    def has(self, settings: Mapping[str, Any]) -> bool:
        """Return whether all settings, by key in the config, are possible values of a trial."""
        fixed = dict(fixed.line.lstrip("+").partition("=")[::2] for fixed in self.fixed)
        possible = {
            value.key
            for value in self.values
            if value.key in settings and contains(value.distribution, settings[value.key])
        }
        possible |= {k for k, value in settings.items() if fixed.get(k) == format_value(value)}
        return possible == settings.keys()

    def default_trial(self) -> list[str] | None:
        """Return the overrides of the default; None if the space lacks a default part."""
        params = self.params()
        if any("." not in value.key and value.name not in params for value in self.values):
            return None
        return self.overrides(self.settings(params))

    def overrides(self, settings: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a trial.

        Args:
            settings: The values that matter, by key in the config.
        """
        searched = [f"{key}={format_value(value)}" for key, value in settings.items()]
        fixed = [fixed.line for fixed in self.fixed if fixed.condition.applies(settings)]
        return [*fixed, *searched]

    def command(self, params: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a single run that trains like a trial with these params."""
        lines = self.overrides(self.settings(params))
        keys = [line.lstrip("+~").partition("=")[0] for line in lines]
        return [
            line
            for line, key in zip(lines, keys, strict=True)
            if key not in _ONLY_IN_SEARCH and not key.startswith("callbacks.trial.")
        ]

    def describe(self) -> dict[str, str]:
        """Describe the space, to compare it with that of a study."""
        return {value.name: str(value.distribution) for value in self.values}

    def discretize(self, points: int) -> "Space":
        """Replace each continuous interval by as many points, and its default."""
        return replace(
            self,
            values=tuple(
                replace(v, distribution=_discretize(v.distribution, points, v.default))
                for v in self.values
            ),
        )


def _suggest(trial: BaseTrial, value: Value) -> Any:
    match value.distribution:
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(value.name, low, high, step=step, log=log)
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(value.name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(value.name, choices)
    raise TypeError(value.distribution)


def _discretize(space: BaseDistribution, points: int, default: Any) -> BaseDistribution:
    if not isinstance(space, FloatDistribution) or space.step is not None:
        return space
    grid = (np.geomspace if space.log else np.linspace)(space.low, space.high, points)
    values = {float(f"{point:.4g}") for point in grid}
    return CategoricalDistribution(
        sorted(values | ({default} if contains(space, default) else set()))
    )


def contains(space: BaseDistribution, value: Any) -> bool:
    """Whether a value lies in a space."""
    if isinstance(space, CategoricalDistribution):
        return value in space.choices
    if not isinstance(space, FloatDistribution | IntDistribution):
        raise TypeError(space)
    if not isinstance(value, int | float) or not space.low <= value <= space.high:
        return False
    if space.step is None:
        return True
    steps = (value - space.low) / space.step
    return abs(steps - round(steps)) < 1e-8


def format_value(value: Any) -> str:
    """Format a value as Hydra's command line reads it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
