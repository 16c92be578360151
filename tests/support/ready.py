"""Imports and a composed search space for the server that toy searches are forked from."""

from hydra import compose, initialize_config_dir
from toy import CONF, space_of

from ocr.config.resolvers import register_resolvers

SEARCH = ["hparams_search=optuna"]

register_resolvers()
with initialize_config_dir(str(CONF)):
    config = compose("train", overrides=[*SEARCH, "hydra.sweep.dir=."], return_hydra_config=True)
    space_of(SEARCH, config.hydra.sweeper.params)
