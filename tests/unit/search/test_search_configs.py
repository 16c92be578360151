"""The search configs of conf/hparams_search."""

import pytest
from hydra import initialize_config_dir
from toy import CONF, composed, space_of

NAMES = sorted(path.stem for path in (CONF / "hparams_search").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("overrides", [[], ["optimizer=adam"], ["effort=quick"]])
def test_default_lies_in_the_searched_space(tmp_path, name, overrides):
    arguments = ["data=folder", f"hparams_search={name}", *overrides]
    with initialize_config_dir(str(CONF)):
        sweeper = composed(*arguments, f"hydra.sweep.dir={tmp_path}").hydra.sweeper
        space = space_of(arguments, sweeper.params)
    default, shared = space.params(), {"optimizer.lr", "encoder.num_layers", "head.units"}
    missing = {value.key for value in space.values if value.name not in default}
    assert missing <= shared, "values of options that are not the default's"
    assert {"encoder.channels", "encoder.growth"} <= {value.key for value in space.values}


def test_wide_space_has_more_than_the_usual_one(tmp_path):
    spaces = {}
    with initialize_config_dir(str(CONF)):
        for name in ("optuna", "optuna_wide"):
            arguments = ["data=folder", f"hparams_search={name}"]
            params = composed(*arguments, f"hydra.sweep.dir={tmp_path}").hydra.sweeper.params
            spaces[name] = {value.key for value in space_of(arguments, params).values}
    assert spaces["optuna_wide"] - spaces["optuna"] == {
        "encoder.stem_stride",
        "data.height",
        "augment.strength",
        "optimizer.weight_decay",
        "effort.epochs",
    }
