"""Run a job of a sweep as a training run by itself, in a process of its own.

Its command line is one that does the same run alone: Lightning starts further ranks by repeating
it, and the sweep around it must not start again.
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
    """What a trial returns instead of a score.

    Attributes:
        reason: Why it failed, in one line.
    """

    reason: str


@dataclass(frozen=True)
class Job:
    """A sweep's job.

    Attributes:
        config: What it was composed to.
        hydra: Hydra's own part of that.
    """

    config: DictConfig
    hydra: DictConfig

    def __call__(self) -> None:
        """Prepare Hydra as in a run by itself, and train."""
        setup_globals()
        HydraConfig.instance().cfg = self.hydra  # type: ignore[assignment]
        # Otherwise ${now:} would be resolved again, and name another folder.
        OmegaConf.copy_cache(from_config=self.config, to_config=self.hydra)
        settings = self.hydra.hydra
        os.environ.update(settings.job.env_set)
        configure_log(settings.job_logging, settings.verbose)
        with report_errors():
            train(self.config)


def run_job(config: DictConfig) -> float | TrialFailure:
    """Run this job of a sweep in the folder that Hydra gave it.

    Args:
        config: What the job was composed to.

    Returns:
        The value of `objective` that best.ckpt has; in a search, a failure if there is none.

    Raises:
        UserError: The run failed, and this is no search, which would go on.
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
    """The command line that runs the current job of a sweep by itself."""
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
