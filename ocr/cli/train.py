"""`python -m ocr train` and `python train.py`: train a reader, or search for the best one."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ocr.config.error_reporting import report_errors

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(arguments: Sequence[str]) -> None:
    """Train, or with --multirun search; Hydra reads the command line.

    Args:
        arguments: Overrides of conf/ and Hydra's flags.
    """
    with report_errors():
        import hydra

        from ocr.config.command_line import TRAIN, prepare_arguments
        from ocr.config.overrides import CONF
        from ocr.config.resolvers import register_resolvers

        register_resolvers()
        words = prepare_arguments(arguments)
        sys.argv = [TRAIN[0], *words]  # Hydra reads the command line from there
        run = hydra.main(
            str(CONF), "train", execution_whitelist="ocr.training.run_folder.RunFolder"
        )
        run(_task)()


def _task(config: "DictConfig") -> object:
    """Train one run, or one job of a sweep, and return its objective."""
    from ocr.config.command_line import TRAIN
    from ocr.search.trial_process import is_sweep_job, run_job
    from ocr.training.train import train

    if is_sweep_job():
        return run_job(config)
    sys.argv = [*TRAIN, *sys.argv[1:]]  # Lightning starts further ranks with this command
    with report_errors():  # otherwise Hydra would print the overrides before the error
        return train(config).objective
