"""A trial's config, put together from what Hydra composed to make the space."""

import pickle
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.default_element import ConfigDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict


class Quick(DictConfig):
    """A config that is copied by pickling, which is quicker: Hydra copies each job's often."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Quick":
        parent = self._get_parent()
        self._set_parent(None)  # or all of it would be copied, too
        try:
            copied = pickle.loads(pickle.dumps(self))
        finally:
            self._set_parent(parent)
        copied._set_parent(parent)
        return copied


class Composer:
    """Hydra's config loader for the launcher of a sweep: it doesn't read conf/ for every trial.

    A trial is the config without any searched value, in which the searched groups are those of the
    options that it has, and values are set as Hydra sets them. That is right for options that
    decide nothing but their own group; for others, and for all else, it is Hydra that composes.

    composed: configs by their overrides: one without any searched value, and one for each option.
    """

    def __init__(
        self, loader: ConfigLoader, composed: Mapping[tuple[str, ...], DictConfig]
    ) -> None:
        self.loader = loader
        self.lines = min(composed, key=len)
        base = pickle.loads(pickle.dumps(composed[self.lines]))
        for node in (base, base.hydra):
            object.__setattr__(node, "__class__", Quick)  # a config's own would look for a key
        self.base = pickle.dumps(base)
        self.options: dict[str, dict[str, Any]] = {}  # as plain values, which weigh little
        for lines, config in composed.items():
            for line in set(lines) - set(self.lines):
                group, _, option = line.partition("=")
                if group in config and self._independent(group, option):
                    node = OmegaConf.to_container(config[group])
                    self.options.setdefault(group, {})[option] = node
        others = [_choices(config, self.options) for config in composed.values()]
        if any(choices != others[0] for choices in others):  # of a group that follows another one
            self.options = {}

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: Sequence[str]
    ) -> DictConfig:
        """As Hydra's loader."""
        lines = [line for line in sweep_overrides if line not in self.lines]
        own = [_parsed(line) for line in lines]
        shared = len(sweep_overrides) - len(lines)
        if shared < len(self.lines) or not all(map(self._known, own)):
            return self.loader.load_sweep_config(master_config, list(sweep_overrides))
        config = pickle.loads(self.base)
        values = []
        for override in own:
            group, option = override.key_or_group, override.value()
            if group in self.options:
                with open_dict(config):
                    config[group] = self.options[group][option]
                    config.hydra.runtime.choices[group] = option
            else:
                values.append(override)
            kind = "hydra" if override.is_hydra_override() else "task"
            config.hydra.overrides[kind].append(override.input_line)
        ConfigLoaderImpl._apply_overrides_to_config(values, config)
        OmegaConf.copy_cache(from_config=master_config, to_config=config)
        return config

    def _known(self, override: Override) -> bool:
        """Whether it sets a value, or chooses one of `options`."""
        group = override.key_or_group
        if group in self.options:
            return override.package is None and override.value() in self.options[group]
        return not self.loader.get_group_options(group)

    def _independent(self, group: str, option: str) -> bool:
        """Whether the file of that option decides nothing but its group."""
        found = self.loader.repository.load_config(f"{group}/{option}")
        if found is None or found.header["package"] is not None:
            return False
        bases = [default for default in found.defaults_list or () if not default.is_self()]
        return all(
            isinstance(base, ConfigDefault)
            and base.package is None
            and not base.path.startswith("/")
            and self._independent(group, base.path)
            for base in bases
        )


@lru_cache(1000)
def _parsed(line: str) -> Override:
    """Kept, as most values come again."""
    return OverridesParser.create().parse_override(line)


def _choices(config: DictConfig, groups: Mapping[str, Any]) -> dict[str, str]:
    """The options of all other groups."""
    choices = config.hydra.runtime.choices
    return {group: choices[group] for group in choices if group not in groups}
