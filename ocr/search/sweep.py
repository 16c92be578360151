"""Run a search from the command line's arguments to the winner."""

import logging
import signal
import warnings
from collections.abc import Sequence

import optuna
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from ocr.config.instantiate import build
from ocr.errors import UserError
from ocr.models.time_steps import PARTS
from ocr.search.launchers import is_local, make_launcher
from ocr.search.search import Search
from ocr.search.selection import select_winner
from ocr.search.space_config import read_space
from ocr.search.storage import first_line, hide_password
from ocr.search.study import is_grid
from ocr.training.checks import check_values

_CONTINUE = "The study keeps its results: to continue, run the same command again"


def search(
    config: DictConfig, context: HydraContext, task: TaskFunction, arguments: Sequence[str]
) -> None:
    """Run a search, select its winner and save it.

    Args:
        config: The sweep's config.
        context: Hydra's context.
        task: The function that each job calls with its config.
        arguments: The command line's overrides.

    Raises:
        UserError: A value or the data is unusable, too many trials fail, or a file or the study's
            storage cannot be written.
    """
    silence_libraries()
    settings = config.hydra.sweeper
    loader = context.config_loader
    composed: list[tuple[list[str], DictConfig]] = []

    def compose(lines: list[str]) -> DictConfig:
        composed.append((lines, loader.load_sweep_config(config, lines)))
        return composed[-1][1]

    space = read_space(
        settings.params or {},
        arguments,
        compose,
        loader.get_group_options,
        # Given weights fix the parts of the network.
        fixed_groups=PARTS if config.init_from else (),
    )
    if is_grid(settings.sampler):
        space = space.discretize(settings.grid_points)
    _, unsearched = min(composed, key=lambda pair: len(pair[0]))
    check_values(unsearched)
    if default := space.default_trial():
        check_values(loader.load_sweep_config(config, default))
    searched = {value.key for value in space.values} - {"data.batch_size"}
    if is_local(config) and not any(key.startswith("data") for key in searched):
        build(unsearched.data).source.check()
    launcher = make_launcher(config, context, task)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # handled like Ctrl-C
    try:
        with Search(config, launcher.launch, space) as running:
            if running.run():
                select_winner(running, loader.get_group_options)
    except (StorageInternalError, SQLAlchemyError) as error:
        raise UserError(
            f"hydra.sweeper.storage={hide_password(settings.storage)}: {first_line(error)}. "
            f"{_CONTINUE}"
        ) from error
    except OSError as error:
        raise UserError(
            f"{error.filename or config.hydra.sweep.dir}: {error.strerror or error}. {_CONTINUE}"
        ) from error


def silence_libraries() -> None:
    """Hide the routine messages of Hydra, Optuna and matplotlib."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("hydra", "hydra_plugins", "matplotlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", "Heartbeat of storage")
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
