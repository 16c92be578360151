"""A sweep's job as a run by itself, in a process of its own.

To Lightning, which starts further ranks by repeating the command, it shows a plain command line,
so that they repeat this run and not the sweep around it.
"""

import json
import os
import runpy
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ocr.compose import quoted
from ocr.data import seen
from ocr.errors import UserError, plain_errors
from ocr.search.child import run_job

_images: deque[bytes] = deque(maxlen=1)  # what is handed on from one job of a sweep to the next


def sweeping() -> bool:
    """Whether this is one job of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


@dataclass
class Job:
    """What a sweep's job has been composed to. config: of train.py. hydra: Hydra's own.

    images: what an earlier job has handed on of them, see `ocr.data.seen`.
    """

    config: DictConfig
    hydra: DictConfig
    images: bytes | None

    def __call__(self, script: str) -> bytes | None:
        """Do what `script` does to a config that is composed: its function `train`.

        Returns what it hands on of the images itself, for the next job.
        """
        setup_globals()
        HydraConfig.instance().cfg = self.hydra
        # Or ${now:} in the sweep's folder would be another time, and that another folder.
        OmegaConf.copy_cache(from_config=self.config, to_config=self.hydra)
        settings = self.hydra.hydra
        with read_write(settings), open_dict(settings):  # as in a run by itself
            settings.mode = RunMode.RUN
            settings.run.dir = settings.runtime.output_dir
            settings.sweep.dir = str(Path(settings.sweep.dir).absolute())
        os.environ.update(settings.job.env_set)
        configure_log(settings.job_logging, settings.verbose)
        trainer = self.config.trainer
        if trainer.devices == trainer.num_nodes == 1:  # other ranks see what is there now
            seen.remember(self.images)
        self.images = None
        with plain_errors():
            runpy.run_path(script)["train"](self.config)
        return seen.handed_on()


def run_apart(script: str, config: DictConfig) -> float:
    """Do this job of a sweep, composed to `config`, in the folder that Hydra gave it.

    Returns best.ckpt's value of `objective`, from metrics.json. Raises UserError with the reason if
    the run fails or is killed.
    """
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    searching = hydra.runtime.choices["hydra/sweeper"] == "surrogate"
    log = folder / "output.log" if searching else None
    job = Job(config, HydraConfig.instance().cfg, _images[0] if _images else None)
    reason, images = run_job(_command(script), hydra.runtime.cwd, log, job)
    if images:
        _images.append(images)
    if reason:
        raise UserError(reason)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics[metrics["objective"]]


def _command(script: str) -> list[str]:
    """The words of a command line that does the same as the current job of the sweep."""
    hydra = HydraConfig.get()
    words = [script, "--config-name", hydra.job.config_name]
    flags = {"main": "--config-path", "command-line": "--config-dir"}
    for source in hydra.runtime.config_sources:
        if source.provider in flags:
            words += [flags[source.provider], source.path]
    return [
        *words,
        *hydra.overrides.hydra,
        *hydra.overrides.task,
        "hydra.mode=RUN",
        f"hydra.run.dir={quoted(hydra.runtime.output_dir)}",
        f"hydra.sweep.dir={quoted(str(Path(hydra.sweep.dir).absolute()))}",
    ]
