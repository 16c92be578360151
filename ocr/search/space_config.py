"""Read the space of a search from the command line and conf/."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra_plugins.hydra_optuna_sweeper._impl import create_optuna_distribution_from_override
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import BaseDistribution, CategoricalDistribution

from ocr.errors import UserError, did_you_mean
from ocr.search.space import Condition, Fixed, Space, Value

Compose = Callable[[list[str]], DictConfig]


def read_space(
    declared: Mapping[str, str],
    arguments: Sequence[str],
    compose: Compose,
    options_of: Callable[[str], Sequence[str]],
    fixed_groups: Collection[str] = (),
) -> Space:
    """Read the space of a search.

    Args:
        declared: Search spaces by key, from the config, such as "interval(0, 1)".
        arguments: The command line's overrides, which fix a value or change its search space.
        compose: Composes the config of some overrides.
        options_of: Lists the options of a config group; returns none for any other key.
        fixed_groups: Groups whose declared search spaces are ignored; those of `arguments` are not.

    Raises:
        UserError: A key or an option does not exist, or an expression is not a search space.
    """
    parser = OverridesParser.create()
    given = parser.parse_overrides(list(arguments))
    taken = {override.key_or_group for override in given}
    declarations = [
        f"{key}={expression}"
        for key, expression in declared.items()
        if key not in taken and key.partition(".")[0] not in fixed_groups
    ]
    sweeps = [o for o in (*parser.parse_overrides(declarations), *given) if o.is_sweep_override()]
    searched = {o.get_key_element(): _distribution(o) for o in sweeps}

    groups = {
        key: _options(key, space, options_of(key))
        for key, space in searched.items()
        if options_of(key)
    }
    lines = {str(o.input_line): o.key_or_group for o in given if not o.is_sweep_override()}
    plain = [line for line, key in lines.items() if key.partition(".")[0] not in groups]
    variants = _variants(groups, plain, compose)
    base = compose(plain)
    choices = base.hydra.runtime.choices
    for node in map(str, base):
        if isinstance(base[node], DictConfig) and "search" in base[node]:
            variants.setdefault(node, {choices[node]: base})

    values = [Value(group, group, searched[group], choices[group]) for group in groups]
    for group, configs in variants.items():
        if group not in fixed_groups:
            values += _declared_values(group, configs, choices[group], taken | searched.keys())
    for key, space in searched.items():
        if key not in groups:
            configs = _having(key, base, variants)
            chosen = configs.get(choices.get(key.partition(".")[0]), next(iter(configs.values())))
            default = OmegaConf.select(chosen, key.lstrip("+"))
            values.append(Value(key, key, space, default, _condition(key, configs, variants)))
    conditional = (
        Fixed(line, _condition(key, _having(key, base, variants), variants))
        for line, key in lines.items()
        if line not in plain
    )
    return Space(tuple(values), (*(Fixed(line) for line in plain), *conditional))


def _variants(
    groups: Mapping[str, Sequence[str]], lines: Sequence[str], compose: Compose
) -> dict[str, dict[str, DictConfig]]:
    """Compose a config with each option of each group; return them by group and option.

    Groups do not change each other's keys, so each composition has an option of every group.
    """
    variants: dict[str, dict[str, DictConfig]] = {group: {} for group in groups}
    for i in range(max(map(len, groups.values()), default=0)):
        chosen = {group: options[i] for group, options in groups.items() if i < len(options)}
        config = compose([*lines, *(f"{group}={option}" for group, option in chosen.items())])
        for group, option in chosen.items():
            variants[group][option] = config
    return variants


def _declared_values(
    group: str, configs: Mapping[str, DictConfig], default_option: str, taken: Collection[str]
) -> Iterator[Value]:
    """Yield the values that a group's options declare under `search`."""
    spaces: dict[str, dict[BaseDistribution, list[str]]] = {}
    for option, config in configs.items():
        declared = (config.get(group) or {}).get("search") or {}
        for name, expression in declared.items():
            key = f"{group}.{name}"
            if key not in taken:
                [override] = OverridesParser.create().parse_overrides([f"{key}={expression}"])
                spaces.setdefault(key, {}).setdefault(_distribution(override), []).append(option)
    for key, by_space in spaces.items():
        for space, options in by_space.items():
            name = key if len(by_space) == 1 else f"{key} ({', '.join(options)})"
            option = default_option if default_option in options else options[0]
            default = OmegaConf.select(configs[option], key)
            everywhere = len(options) == len(configs)
            condition = Condition() if everywhere else Condition(group, tuple(options))
            yield Value(name, key, space, default, condition)


def _having(
    key: str, base: DictConfig, variants: Mapping[str, Mapping[str, DictConfig]]
) -> dict[str, DictConfig]:
    """Return the configs that have a key, by the option of the key's group."""
    path = key.lstrip("+").partition("@")[0]
    group, _, _ = path.partition(".")
    configs = {o: c for o, c in variants.get(group, {"": base}).items() if _has(c, path)}
    if key.startswith("+"):
        return configs or {"": base}
    if not configs:
        valid = sorted({k for c in [base, *variants.get(group, {}).values()] for k in _keys(c)})
        raise UserError(f"there is no key {path}.{did_you_mean(path, valid)}")
    return configs


def _condition(
    key: str, having: Collection[str], variants: Mapping[str, Collection[str]]
) -> Condition:
    """Return the condition that the option of the key's group has the key."""
    group = key.partition(".")[0]
    everywhere = group not in variants or len(having) == len(variants[group])
    return Condition() if everywhere else Condition(group, tuple(having))


def _has(config: DictConfig, path: str) -> bool:
    parent, _, name = path.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    return isinstance(node, DictConfig) and name in node


def _keys(config: DictConfig, prefix: str = "") -> Iterator[str]:
    for name in map(str, config):
        if name in ("hydra", "search") or name.startswith("_"):
            continue
        yield f"{prefix}{name}"
        unresolved = OmegaConf.is_missing(config, name) or OmegaConf.is_interpolation(config, name)
        if not unresolved and isinstance(config[name], DictConfig):
            yield from _keys(config[name], f"{prefix}{name}.")


def _options(group: str, space: BaseDistribution, valid: Sequence[str]) -> list[str]:
    if not isinstance(space, CategoricalDistribution):
        raise UserError(f"{group} is searched by names: give {group}=choice({', '.join(valid)})")
    wrong = [str(choice) for choice in space.choices if choice not in valid]
    if wrong:
        raise UserError(
            f"{group}={', '.join(wrong)}: there is no such choice. Choose from {', '.join(valid)}"
        )
    return [str(choice) for choice in space.choices]


def _distribution(override: Override) -> BaseDistribution:
    """Return the search space of an override such as `key=interval(0, 1)`.

    Hydra's Optuna sweeper has no public function for this syntax.
    """
    try:
        space = create_optuna_distribution_from_override(override)
    except (AssertionError, NotImplementedError, TypeError, ValueError) as error:
        raise UserError(f"{override.input_line}: not a search space ({error})") from error
    if not isinstance(space, BaseDistribution):
        raise UserError(
            f"{override.input_line}: not a search space; give choice(...), interval(...) or "
            "range(...)"
        )
    if isinstance(space, CategoricalDistribution):  # Hydra's function turns null into text
        return CategoricalDistribution([None if c == "null" else c for c in space.choices])
    return space
