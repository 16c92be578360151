"""Hydra's launchers, which run the trials in this process, in workers or on a cluster."""

import os

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from ocr.errors import UserError


def make_launcher(config: DictConfig, context: HydraContext, task: TaskFunction) -> Launcher:
    """Make the launcher that a config selects.

    Args:
        config: The sweep's config.
        context: Hydra's context.
        task: The function that each job calls with its config.
    """
    if _launcher_class(config) in ("JoblibLauncher", "LocalLauncher"):
        # Workers inherit it. With joblib's default of more threads, trials slow each other down.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    launcher = Plugins.instance().instantiate_launcher(context, task, config)
    if _launcher_class(config) == "RayLauncher":
        # Otherwise each thread of the search starts Ray. Hydra has no public function for it.
        from hydra_plugins.hydra_ray_launcher._launcher_util import start_ray

        init = OmegaConf.to_container(config.hydra.launcher.ray.init, resolve=True)
        start_ray(OmegaConf.create(init))
    return launcher


def jobs_at_once(config: DictConfig) -> int:
    """Return the number of trials that run at once.

    Args:
        config: The sweep's config.

    Raises:
        UserError: The launcher cannot run as many as hydra.sweeper.n_jobs.
    """
    wanted = config.hydra.sweeper.n_jobs
    if _launcher_class(config) == "BasicLauncher":
        if wanted not in (None, 1):
            raise UserError(
                f"hydra.sweeper.n_jobs={wanted}: Hydra's basic launcher runs one job at a time. "
                "Add hydra/launcher=joblib"
            )
        return 1
    if _launcher_class(config) == "JoblibLauncher":
        import joblib

        n_jobs = config.hydra.launcher.n_jobs
        workers = joblib.effective_n_jobs(n_jobs)
        if workers == 1 and wanted not in (None, 1):  # joblib would run them in this process
            raise UserError(
                f"hydra.sweeper.n_jobs={wanted}: joblib has one worker "
                f"(hydra.launcher.n_jobs={n_jobs}). Set both to the same number"
            )
        return wanted or workers
    return wanted or 2


def kill_workers(config: DictConfig) -> None:
    """Kill joblib's workers, which outlive an interrupted search and go on training."""
    if _launcher_class(config) == "JoblibLauncher":
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(kill_workers=True)


def is_local(config: DictConfig) -> bool:
    """Whether all trials run on this machine."""
    return _launcher_class(config) in ("BasicLauncher", "JoblibLauncher", "LocalLauncher")


def _launcher_class(config: DictConfig) -> str:
    return config.hydra.launcher._target_.rpartition(".")[2]
