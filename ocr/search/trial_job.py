"""A sweep's job as a run by itself, in a process of its own.

To Lightning, which starts further ranks by repeating the command, it shows a plain command line,
so that they repeat this run and not the sweep around it.
"""

import json
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ocr.config.command_line import TRAIN
from ocr.config.compose import quoted
from ocr.config.error_reporting import report_errors
from ocr.config.instantiate import foresee
from ocr.config.validation import require_types
from ocr.data import seen
from ocr.errors import UserError
from ocr.training.process import run_job, tell_ahead
from ocr.training.train import train

_images: deque[bytes] = deque(maxlen=1)  # what is handed on from one job of a sweep to the next


def sweeping() -> bool:
    """Whether this is one job of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


@dataclass
class Ahead:
    """What the next job needs, whatever it is composed to: its process does it while it waits.

    config: of this job; the next one mostly has the same parts. cwd: where it will stand.
    images: what an earlier job has handed on of them, see `ocr.data.seen`. storage, study_name: of
    the study, if this is a search.
    """

    config: DictConfig
    cwd: str
    images: bytes | None
    storage: str | None
    study_name: str | None

    def __call__(self) -> None:
        """Look for the parts, recall the images, and join the study."""
        foresee(OmegaConf.to_container(self.config))
        with suppress(UserError):  # the job says what is wrong with its own values
            require_types(self.config)
        os.chdir(self.cwd)
        seen.remember(self.images)
        self.images = None  # needn't be held twice
        if self.study_name:
            from ocr.search.study import joined  # with SQLAlchemy, which a single run needs not

            joined(self.storage, self.study_name)


@dataclass
class Job:
    """What a sweep's job has been composed to. config: of train.py. hydra: Hydra's own."""

    config: DictConfig
    hydra: DictConfig

    def __call__(self, script: str) -> bytes | None:
        """Train; returns what is handed on of the images, for the next job."""
        setup_globals()
        HydraConfig.instance().cfg = self.hydra
        # Or ${now:} in the sweep's folder would be another time, and that another folder.
        OmegaConf.copy_cache(from_config=self.config, to_config=self.hydra)
        settings = self.hydra.hydra
        os.environ.update(settings.job.env_set)
        configure_log(settings.job_logging, settings.verbose)
        trainer = self.config.trainer
        if not trainer.devices == trainer.num_nodes == 1:  # other ranks see what is there now
            seen.remember(None)
        with report_errors():
            train(self.config)
        return seen.handed_on()


def run_apart(config: DictConfig) -> float:
    """Do this job of a sweep, composed to `config`, in the folder that Hydra gave it.

    Returns best.ckpt's value of `objective`, from metrics.json. Raises UserError with the reason if
    the run fails or is killed.
    """
    hydra = HydraConfig.get()
    cwd, folder = hydra.runtime.cwd, Path(hydra.runtime.output_dir)
    with read_write(hydra), open_dict(hydra):  # as in a run by itself
        hydra.mode = RunMode.RUN
        hydra.run.dir = str(folder)
        hydra.sweep.dir = str(Path(cwd, hydra.sweep.dir))
    searching = hydra.runtime.choices["hydra/sweeper"] == "surrogate"
    log = folder / "output.log" if searching else None
    job = Job(config, HydraConfig.instance().cfg)
    study = (hydra.sweeper.storage, hydra.sweeper.study_name) if searching else (None, None)
    ahead = Ahead(config, cwd, _images[0] if _images else None, *study)
    reason, images = run_job(_command(), cwd, log, job, ahead)
    if images:
        _images.append(images)
        tell_ahead(replace(ahead, images=images))
    if reason:
        raise UserError(reason)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics[metrics["objective"]]


def _command() -> list[str]:
    """The words of a command line that does the same as the current job of the sweep."""
    hydra = HydraConfig.get()
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
        f"hydra.run.dir={quoted(hydra.run.dir)}",
        f"hydra.sweep.dir={quoted(hydra.sweep.dir)}",
    ]
