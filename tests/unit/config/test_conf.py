"""Every file in conf/ composes."""

import pytest
from conftest import ROOT, config
from hydra.errors import HydraException
from omegaconf import OmegaConf

from ocr import compose

GROUPS = (
    "augment", "callbacks", "data", "effort", "encoder", "experiment", "head", "hparams_search",
    "logger", "optimizer", "portfolio", "pruner", "recurrent", "scheduler", "trainer",
)  # fmt: skip
CHOICES = [
    f"{group}={path.stem}"
    for group in GROUPS
    for path in sorted((ROOT / "conf" / group).glob("*.yaml"))
    if group not in ("portfolio", "pruner")  # of a search: tests/slow/search
]
SEARCHED = (
    "optimizer.lr",
    "encoder.num_layers",
    "encoder.channels",
    "encoder.growth",
    "encoder.units",
    "encoder.units_2",
    "recurrent.num_layers",
    "recurrent.hidden_size",
    "recurrent.hidden_size_2",
    "data.batch_size",
)


def test_every_folder_is_tested():
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert folders - {"hydra"} == set(GROUPS)  # every search has options of hydra/


@pytest.mark.parametrize("choice", CHOICES)
def test_every_option_composes(choice):
    composed = config(choice)
    OmegaConf.to_container(composed.model, resolve=True, throw_on_missing=True)


@pytest.mark.parametrize("encoder", ["conv", "vgg", "resnet"])
@pytest.mark.parametrize("optimizer", [c for c in CHOICES if c.startswith("optimizer")])
def test_every_searched_value_is_a_scalar_key(encoder, optimizer):
    composed = config(f"encoder={encoder}", optimizer)
    for key in SEARCHED:
        assert OmegaConf.select(composed, key, throw_on_missing=True) is None or isinstance(
            OmegaConf.select(composed, key), int | float
        )


def test_a_misspelt_option_lists_the_valid_ones():
    with pytest.raises(HydraException, match=r"(?s)resnt.*conv.*resnet.*vgg"):
        config("encoder=resnt")


@pytest.mark.parametrize(
    "override,pattern",
    [
        ("data.pattern=label_id", "label_id"),
        ("data.pattern=id-label.id", "id-label.id"),
        ("data.pattern=group/label", "group/label"),
        (r'data.pattern="(?P<label>[^_]+)_\d{2,}.*"', r"(?P<label>[^_]+)_\d{2,}.*"),
    ],
)
def test_patterns_survive_the_command_line(override, pattern):
    assert config("data=folder", override, "data.labels=.gt.txt").data.pattern == pattern


def test_compose_sets_the_run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert compose(["data=folder"]).run.dir.startswith(str(tmp_path / "runs" / "folder"))
    assert compose(["hydra.run.dir=mine"]).run.dir == str(tmp_path / "mine")
