"""A sweep from the command line to the winner."""

import gc
import logging
import signal
import warnings
from collections.abc import Sequence
from dataclasses import replace

import optuna
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from ocr.config.instantiate import build
from ocr.errors import UserError
from ocr.log import capture_messages
from ocr.models.time_steps import PARTS
from ocr.search.composer import Composer
from ocr.search.launchers import make_launcher, stays_here
from ocr.search.search import Search
from ocr.search.selection import select_winner
from ocr.search.space_config import read_space
from ocr.search.storage import first_line, hidden
from ocr.search.study import is_grid
from ocr.training.start import require_values


def search(
    config: DictConfig, context: HydraContext, task: TaskFunction, arguments: Sequence[str]
) -> None:
    """Run the sweep that `config` and the command line's `arguments` describe."""
    silence_libraries()
    settings = config.hydra.sweeper
    loader = context.config_loader
    composed: dict[tuple[str, ...], DictConfig] = {}

    def compose(lines: list[str]) -> DictConfig:
        return composed.setdefault(tuple(lines), loader.load_sweep_config(config, lines))

    space = read_space(
        settings.params or {},
        arguments,
        compose,
        loader.get_group_options,
        settled=PARTS if config.init_from else (),  # by the weights that every trial starts with
    )
    if is_grid(settings.sampler):
        space = space.in_steps(settings.grid_points)
    unsearched = composed[min(composed, key=len)]
    require_values(unsearched)
    if default := space.default_trial():
        require_values(loader.load_sweep_config(config, default))
    searched = {value.key for value in space.values} - {"data.batch_size"}
    same = not any(key.startswith("data") for key in searched)
    with capture_messages() as said:
        if same and stays_here(config):  # on other machines the images may lie elsewhere
            build(unsearched.data).require_source()
    context = replace(context, config_loader=Composer(loader, composed))
    launcher = make_launcher(config, context, task)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.freeze()  # torch and all else that stays
    gc.set_threshold(100_000)  # what trials leave is looked for while they train, see run_job
    try:
        with Search(config, launcher.launch, space, said) as searching:
            if searching.run():
                select_winner(searching, loader.get_group_options)
    except (StorageInternalError, SQLAlchemyError) as error:
        raise UserError(
            f"hydra.sweeper.storage={hidden(settings.storage)}: {first_line(error)}. What it "
            "holds is kept; the same command goes on from there"
        ) from error
    except OSError as error:
        raise UserError(
            f"{error.filename or config.hydra.sweep.dir}: {error.strerror or error}. What the "
            "study holds is kept; the same command goes on from there"
        ) from error


def silence_libraries() -> None:
    """The board tells what is launched; Optuna and matplotlib have nothing to add."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("hydra", "hydra_plugins", "matplotlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", "Heartbeat of storage")
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
