"""Run a job of a sweep as a single training run, in a process of its own.

Lightning starts further ranks by repeating the command line of the process, so the process gets the
command of that run alone, not of the whole sweep.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ocr.config.command_line import TRAIN
from ocr.config.error_reporting import report_errors
from ocr.config.overrides import quote_value
from ocr.errors import UserError
from ocr.training.process import run_task
from ocr.training.run_folder import read_metrics
from ocr.training.train import train


def is_sweep_job() -> bool:
    """Whether Hydra runs this process for one job of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


@dataclass(frozen=True)
class TrialFailure:
    """The result of a failed trial, instead of a score.

    Attributes:
        reason: Why it failed, in one line.
    """

    reason: str


@dataclass(frozen=True)
class Job:
    """A job of a sweep.

    Attributes:
        config: Its composed config.
        hydra: Hydra's own part of the config.
    """

    config: DictConfig
    hydra: DictConfig

    def __call__(self) -> None:
        """Set up Hydra as in a single run, and train."""
        setup_globals()
        HydraConfig.instance().cfg = self.hydra  # type: ignore[assignment]
        # Otherwise ${now:} would be resolved again, to another folder.
        OmegaConf.copy_cache(from_config=self.config, to_config=self.hydra)
        settings = self.hydra.hydra
        os.environ.update(settings.job.env_set)
        configure_log(settings.job_logging, settings.verbose)
        with report_errors():
            train(self.config)


def run_job(config: DictConfig) -> float | TrialFailure:
    """Run this job of a sweep in the folder that Hydra gave it.

    Args:
        config: The job's composed config.

    Returns:
        The value of `objective` for best.ckpt; in a search, a `TrialFailure` if the run failed.

    Raises:
        UserError: The run failed, and the sweep is not a search.
    """
    hydra: Any = HydraConfig.get()
    cwd, folder = Path(hydra.runtime.cwd), Path(hydra.runtime.output_dir)
    with read_write(hydra), open_dict(hydra):
        hydra.mode = RunMode.RUN
        hydra.run.dir = str(folder)
        hydra.sweep.dir = str(cwd / hydra.sweep.dir)
    is_search = hydra.runtime.choices["hydra/sweeper"] == "surrogate"
    log = folder / "output.log" if is_search else None
    job = Job(config, HydraConfig.instance().cfg)  # type: ignore[arg-type]
    reason = run_task(job, _command(), cwd, log)
    if reason is None:
        if metrics := read_metrics(folder):
            return metrics[metrics["objective"]]
        reason = f"{folder / 'metrics.json'} is missing or damaged"
    if is_search:
        return TrialFailure(reason)
    raise UserError(reason)


def _command() -> list[str]:
    """Return the command line that runs the current job of a sweep alone."""
    hydra: Any = HydraConfig.get()
    words = [*TRAIN, "--config-name", hydra.job.config_name]
    flags = {"main": "--config-path", "command-line": "--config-dir"}
    for source in hydra.runtime.config_sources:
        if source.provider in flags:
            words += [flags[source.provider], source.path]
    return [
        *words,
        *hydra.overrides.hydra,
        *hydra.overrides.task,
        "hydra.mode=RUN",
        f"hydra.run.dir={quote_value(hydra.run.dir)}",
        f"hydra.sweep.dir={quote_value(hydra.sweep.dir)}",
    ]
