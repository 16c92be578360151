"""A trial's config is the one that Hydra would compose."""

import shutil
from copy import deepcopy

import pytest
from hydra import compose, initialize_config_dir
from hydra.conf import HydraConf
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf
from toy import CONF

from ocr.config.resolvers import register_resolvers
from ocr.search.composer import Composer
from ocr.search.space_config import read_space

BYPASS = "# @package _global_\nrecurrent:\n  _target_: ocr.models.recurrent.Identity\n"
OTHERS = {
    "wide": BYPASS + "encoder:\n  units: 512\n",
    "environment": BYPASS + "hydra:\n  job:\n    env_set:\n      A: 1\n",
    "elsewhere": "defaults:\n  - lstm\n  - /optimizer@second: adam\n  - _self_\n",
    "following": "defaults:\n  - wide\n",
}


class Counting:
    """Hydra's loader, and how often it composed."""

    def __init__(self, loader):
        self.loader = loader
        self.get_group_options = loader.get_group_options
        self.repository = loader.repository
        self.count = 0

    def load_sweep_config(self, *args):
        self.count += 1
        return self.loader.load_sweep_config(*args)


@pytest.fixture
def composing(tmp_path):
    """Makes a composer that has made the space of some arguments, and its loader."""
    register_resolvers()
    shutil.copytree(CONF, tmp_path / "conf")
    for name, text in OTHERS.items():
        (tmp_path / "conf/recurrent" / f"{name}.yaml").write_text(text)
    with initialize_config_dir(str(tmp_path / "conf")):

        def make(*arguments):
            lines = ["hparams_search=optuna", *arguments]
            hydra = [f"hydra.sweep.dir={tmp_path}", "hydra.sweeper.n_trials=3"]
            fixed = [line for line in lines if "(" not in line]
            master = compose("train", overrides=[*fixed, *hydra], return_hydra_config=True)
            loader = Counting(GlobalHydra.instance().config_loader())
            composed = {}

            def keeping(words):
                return composed.setdefault(tuple(words), loader.load_sweep_config(master, words))

            declared = OmegaConf.to_container(master.hydra.sweeper.params)
            read_space(declared, lines, keeping, loader.get_group_options)
            loader.count = 0
            return Composer(loader, composed), loader, master

        yield make


TRIAL = [
    "encoder=vgg",
    "recurrent=gru",
    "head=mlp",
    "optimizer=sgd",
    "optimizer.lr=0.5",
    "encoder.growth=1.25",
    "recurrent.hidden_size_2=null",
    "callbacks.trial.number=7",
    "hydra.sweep.subdir=7",
]


@pytest.mark.parametrize(
    ("fixed", "trial"),
    [
        ([], TRIAL),
        (["data=folder", "data.dir=/a b", "+trainer.fast_dev_run=true"], TRIAL),
        (["experiment=keras"], TRIAL),
        (
            ["optimizer=adam", "~callbacks.health_monitor"],
            [w for w in TRIAL if "optimizer" not in w],
        ),
        (["encoder=conv", "recurrent=none", "head=mlp", "optimizer=sgd"], ["optimizer.lr=0.5"]),
    ],
)
def test_it_is_what_hydra_composes(composing, fixed, trial):
    composer, loader, master = composing(*fixed)
    overrides = ["hparams_search=optuna", *fixed, *trial]
    put_together = composer.load_sweep_config(master, overrides)
    assert loader.count == 0
    composed = loader.load_sweep_config(master, overrides)
    assert OmegaConf.to_container(put_together) == OmegaConf.to_container(composed)
    assert OmegaConf.is_struct(put_together)
    assert put_together.model.encoder == composed.model.encoder


def test_a_copy_is_one_as_of_any_config(composing):
    composer, _, master = composing()
    config = composer.load_sweep_config(master, ["hparams_search=optuna", *TRIAL])
    for node in (config, config.hydra):
        copied = deepcopy(node)
        assert OmegaConf.to_container(copied) == OmegaConf.to_container(node)
        assert copied._get_parent() is node._get_parent()
        assert OmegaConf.is_struct(copied)
    deepcopy(config).encoder.channels = 1
    assert config.encoder.channels > 1
    assert OmegaConf.get_type(deepcopy(config), "hydra") is HydraConf


def test_one_trial_leaves_nothing_to_the_next(composing):
    composer, loader, master = composing()
    composer.load_sweep_config(master, ["hparams_search=optuna", *TRIAL])
    plain = composer.load_sweep_config(master, ["hparams_search=optuna"])
    composed = loader.load_sweep_config(master, ["hparams_search=optuna"])
    assert OmegaConf.to_container(plain) == OmegaConf.to_container(composed)


@pytest.mark.parametrize(
    "others",
    [
        ["seed=2"],  # another value than the fixed one
        ["seed=1", "data=folder"],  # a group that isn't searched
        ["seed=1", "experiment=keras"],
    ],
)
def test_what_it_has_not_seen_is_composed_by_hydra(composing, others):
    composer, loader, master = composing("seed=1")
    config = composer.load_sweep_config(master, ["hparams_search=optuna", *others])
    assert loader.count == 1
    assert config.seed == int(others[0][-1])


@pytest.mark.parametrize("option", OTHERS)
def test_an_option_that_decides_other_parts_too_is_composed_by_hydra(composing, option):
    composer, loader, master = composing(f"recurrent=choice(gru,{option})")
    adds_a_group = option == "elsewhere"  # which then depends on that one
    for chosen, count in (("gru", int(adds_a_group)), (option, 1)):
        loader.count = 0
        composer.load_sweep_config(master, ["hparams_search=optuna", f"recurrent={chosen}"])
        assert loader.count == count


def test_experiments_are_composed_by_hydra(composing):
    composer, loader, master = composing("experiment=choice(keras,original)")
    lines = ["hparams_search=optuna", "experiment=keras"]
    assert composer.load_sweep_config(master, lines).augment._target_.endswith("Identity")
    assert loader.count == 1
