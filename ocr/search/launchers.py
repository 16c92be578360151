"""Hydra's launchers, which run the trials: here, in workers of this machine, on a cluster."""

import os

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from ocr.errors import UserError


def make_launcher(config: DictConfig, context: HydraContext, task: TaskFunction) -> Launcher:
    """The launcher that `config` asks for, with what it needs to run several trials at once."""
    _share_threads(config)
    launcher = Plugins.instance().instantiate_launcher(context, task, config)
    if _engine(config) == "RayLauncher":  # would start one Ray a thread
        from hydra_plugins.hydra_ray_launcher._launcher_util import start_ray

        init = OmegaConf.to_container(config.hydra.launcher.ray.init, resolve=True)
        start_ray(OmegaConf.create(init))
    return launcher


def jobs_at_once(config: DictConfig) -> int:
    """How many trials run at once."""
    launcher = config.hydra.launcher
    engine = _engine(config)
    wanted = config.hydra.sweeper.n_jobs
    if engine == "BasicLauncher":
        if wanted not in (None, 1):
            raise UserError(
                f"hydra.sweeper.n_jobs={wanted}: Hydra's basic launcher runs one job at a time. "
                "Add hydra/launcher=joblib"
            )
        return 1
    if engine == "JoblibLauncher":
        import joblib

        workers = joblib.effective_n_jobs(launcher.n_jobs)
        if workers == 1 and wanted not in (None, 1):  # it would run them in this process, mixed up
            raise UserError(
                f"hydra.sweeper.n_jobs={wanted}: joblib has one worker "
                f"(hydra.launcher.n_jobs={launcher.n_jobs}). Give it as many"
            )
        return wanted or workers
    return wanted or 2


def end_workers(config: DictConfig) -> None:
    """Kill joblib's, which outlive an interrupted search, and don't even rest."""
    if _engine(config) == "JoblibLauncher":
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(kill_workers=True)


def stays_here(config: DictConfig) -> bool:
    """Whether all trials run on this machine."""
    return _engine(config) in ("BasicLauncher", "JoblibLauncher", "LocalLauncher")


def _share_threads(config: DictConfig) -> None:
    """Let trials side by side compute as a run by itself does; see `use_threads`.

    Joblib would tell each of its workers to use as many threads as there are cores for it.
    """
    if _engine(config) in ("JoblibLauncher", "LocalLauncher"):
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers inherit it


def _engine(config: DictConfig) -> str:
    """The class of Hydra's launcher."""
    return config.hydra.launcher._target_.rpartition(".")[2]
