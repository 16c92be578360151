"""The configuration reference of the manual has every key, with what it means."""

import re

import pytest
from conftest import ROOT
from hydra import compose, initialize_config_dir
from manual import OPTIONS, REFERENCE
from omegaconf import DictConfig, OmegaConf

PRESETS = ("experiment",)  # they set keys that are explained elsewhere


def keys_of(config: DictConfig, prefix: str = "") -> set[str]:
    """The keys of a config that hold a value, as Hydra composed them."""
    found = set()
    for name in config:
        value = None if OmegaConf.is_interpolation(config, name) else config[name]
        if str(name).startswith("_") or name in ("search", "params"):
            continue
        if isinstance(value, DictConfig):
            found |= keys_of(value, f"{prefix}{name}.")
        else:
            found.add(f"{prefix}{name}")
    return found


def composed(*overrides: str) -> set[str]:
    with initialize_config_dir(str(ROOT / "conf")):
        return keys_of(compose("train", overrides=list(overrides)))


@pytest.mark.parametrize(
    "choice",
    [
        f"{option.group}={option.name}"
        for option in OPTIONS
        if option.group and "/" not in option.group and option.group not in ("portfolio", "pruner")
        if option.name != "base"
    ],
)
def test_every_key_of_every_option_is_in_the_reference(choice):
    named = set(re.findall(r"^\| `([^`]+)` \|", REFERENCE["reference"](), re.MULTILINE))
    assert not composed(choice) - named


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option.group}/{option.name}")
def test_every_key_and_every_file_has_its_meaning(option):
    assert option.about
    if option.group not in PRESETS:
        keys = [key for key in option.keys if ".params." not in key.name]
        assert not [key.name for key in keys if not key.meaning]


def test_the_table_of_groups_has_every_option():
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    named = {group: set(re.findall(r"`(\w+)`", options)) for group, options in rows.items()}
    there = {group: set() for group in named}
    for option in OPTIONS:
        if option.group and "/" not in option.group and option.name != "base":
            there.setdefault(option.group, set()).add(option.name)
    assert named == there


def test_a_comment_over_several_lines_is_one_meaning(tmp_path, monkeypatch):
    path = tmp_path / "encoder" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(
        "# Mine.\nsize: 3   # nodes,\n          # at most\ninner:   # more\n  a: 'b|c'\n"
    )
    monkeypatch.setitem(REFERENCE["read_option"].__globals__, "CONF", tmp_path)
    option = REFERENCE["read_option"](path)
    assert option.about == "Mine."
    assert [(key.name, key.value, key.meaning) for key in option.keys] == [
        ("encoder.size", "3", "nodes, at most"),
        ("encoder.inner", "", "more"),
        ("encoder.inner.a", "'b|c'", ""),
    ]
