"""Mistakes that would fail all trials end a search before the first."""

from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.types import HydraContext
from toy import CONF

import ocr.search.sweeper  # noqa: F401  makes hydra/sweeper=surrogate known
from ocr.config.resolvers import register_resolvers
from ocr.errors import UserError
from ocr.search import sweep

# Few options, because the config is composed once for each.
FIXED = ("hparams_search=optuna", "encoder=conv", "recurrent=none", "head=linear")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data.dir=/nowhere"], "/nowhere: no such folder"),
        ([], "name the folder of your images: data.dir=PATH"),
        (["data.dir=.", "data.labels=gone.csv"], "data.labels=gone.csv: no such file"),
        (["data=packed", "data.dir=."], ".: no packed images here"),
        (["data.dir=.", "objective=val/acc"], "objective=val/acc: choose one of val/cer"),
        (["data.dir=.", "seed=abc"], "seed=abc: give a whole number"),
        (["data.dir=.", "optimizer.lr=-1"], "cannot build SGD"),
        (["data.dir=.", "encoder.growth=x"], "encoder.growth=x: give a number"),
    ],
)
def test_mistakes_end_a_search_before_its_first_trial(tmp_path, monkeypatch, overrides, words):
    launcher = SimpleNamespace(launch=lambda *_: pytest.fail("a trial was started"))
    monkeypatch.setattr(sweep, "make_launcher", lambda *_: launcher)
    monkeypatch.setattr(sweep.signal, "signal", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    register_resolvers()
    data = [] if any(word.startswith("data=") for word in overrides) else ["data=folder"]
    arguments = [*FIXED, "optimizer=sgd", *data, *overrides]
    with initialize_config_dir(str(CONF)):
        lines = [*arguments, f"hydra.sweep.dir={tmp_path / 'sweep'}"]
        config = compose("train", overrides=lines, return_hydra_config=True)
        context = HydraContext(GlobalHydra.instance().config_loader(), Callbacks())
        with pytest.raises(UserError) as error:
            sweep.search(config, context, lambda config: None, arguments)
    assert str(error.value).startswith(words)
    assert not (tmp_path / "sweep" / "study.db").exists()
