"""Searches whose trials need no training."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import contextmanager
from functools import cache
from math import log10
from pathlib import Path
from types import SimpleNamespace

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from scripts import omit_charts

import ocr.search.sweeper  # noqa: F401  makes hydra/sweeper=surrogate known
from ocr.config.hydra_errors import explain
from ocr.config.resolvers import register_resolvers
from ocr.models.time_steps import PARTS
from ocr.search import coordinator, storage
from ocr.search.search import Search
from ocr.search.space import Space
from ocr.search.space_config import read_space
from ocr.search.study import is_grid
from ocr.search.sweep import silence_libraries
from ocr.search.trial_process import TrialFailure

GRACE = 2  # seconds after which a process counts as dead; a test waits once for each kill
CONF = Path(__file__).resolve().parents[2] / "conf"


def score(settings: dict) -> dict:
    """Return the metrics of a trial: lr and encoder decide them."""
    value = abs(log10(settings["optimizer.lr"]) + 2.5) + 0.3 * (settings["encoder"] != "resnet")
    return {"val/cer": value, "val/exact_match": 1 - value, "val/loss": value, "cpu_ms": 1 + value}


def launcher(folder: Path, seconds: float = 0.0, fails=lambda settings: None):
    """Return a function that replaces Hydra's launcher and writes the files of a run."""

    def launch(jobs, number):
        time.sleep(seconds)
        parsed = OverridesParser.create().parse_overrides(list(jobs[0]))
        settings = {o.key_or_group: o.value() for o in parsed}
        if failure := fails(settings):
            return [SimpleNamespace(return_value=TrialFailure(explain(failure)))]
        run = folder / str(settings["hydra.sweep.subdir"])
        run.mkdir(parents=True, exist_ok=True)
        (run / "best.ckpt").write_text("weights")
        metrics = score(settings) | {"objective": "val/cer", "epochs": 1, "fit_seconds": seconds}
        metrics |= {f"images_{p}": 1 for p in ("train", "val", "test", "skipped", "uncaptioned")}
        (run / "metrics.json").write_text(json.dumps(metrics))
        return [SimpleNamespace(return_value=metrics["val/cer"])]

    return launch


@cache
def composed(*lines: str) -> DictConfig:
    """Compose a config once: it takes a fifth of a second, and each architecture needs one."""
    return compose("train", overrides=list(lines), return_hydra_config=True)


def space_of(arguments: list[str], params: DictConfig, settled: Sequence[str] = ()) -> Space:
    """Return the search space as a sweep reads it."""
    return read_space(
        OmegaConf.to_container(params),
        arguments,
        lambda lines: composed(*lines),
        GlobalHydra.instance().config_loader().get_group_options,
        fixed_groups=settled,
    )


@contextmanager
def searching(folder: Path, *overrides: str, launch=None):
    """Yield a `Search` in `folder` whose jobs are run by `launch`."""
    register_resolvers()
    silence_libraries()
    hydra = [o for o in overrides if o.startswith(("hydra.", "hydra/", "pruner="))]
    arguments = ["hparams_search=optuna", *(o for o in overrides if o not in hydra)]
    with initialize_config_dir(str(CONF)):
        fixed = [o for o in arguments if "(" not in o]
        lines = [*fixed, f"hydra.sweep.dir='{folder}'", *hydra]
        config = compose("train", overrides=lines, return_hydra_config=True)
        settings = config.hydra.sweeper
        space = space_of(arguments, settings.params, PARTS if config.init_from else ())
        if is_grid(settings.sampler):
            space = space.discretize(settings.grid_points)
        with Search(config, launch or launcher(folder), space) as search:
            yield search


def impatient(path: str) -> JournalFileBackend:
    """Return a journal that takes over the lock of a dead process after `GRACE` seconds."""
    return JournalFileBackend(path, JournalFileSymlinkLock(path, grace_period=GRACE))


def main(folder: Path, seconds: float, *overrides: str) -> None:
    """Search, in a process of its own, with the output in `folder`/output."""
    omit_charts()
    coordinator.OWNER_SECONDS = GRACE
    storage.JournalFileBackend = impatient
    folder.mkdir(exist_ok=True)
    with (folder / "output").open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    silence_libraries()
    with searching(folder, *overrides, launch=launcher(folder, seconds)) as search:
        search.run()
