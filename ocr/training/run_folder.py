"""The folder of a run that is refused: gone again, unless the refusal points to a file in it."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

# What a run has written before it trains, besides Hydra's own; anything else is worth keeping.
_LISTS = {"split.csv", "skipped.csv"}


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """Read metrics.json of a finished run; None if the run has not finished."""
    try:
        return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


class RunFolder(Callback):
    """Hydra's callback for a single run; the jobs of a sweep keep their folders."""

    def __init__(self) -> None:
        self._made: list[Path] = []  # folders that this run makes, the innermost first
        self._before: set[str] = set()

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Note what is there before Hydra makes the folder."""
        HydraConfig.instance().set_config(config)  # as Hydra does next, for ${hydra:...}
        folder = Path(config.hydra.run.dir).absolute()
        self._made = [place for place in (folder, *folder.parents) if not place.exists()]
        there = folder.is_dir()  # or it is a file, of which Hydra complains
        self._before = {path.name for path in folder.iterdir()} if there else set()

    def on_run_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Take back what a refused run has made, if that is all there is."""
        ended = job_return._return_value  # `return_value` would print, and raise
        folder = Path(config.hydra.runtime.output_dir)
        # `report_errors` ends the process with the line that it prints.
        if not (isinstance(ended, SystemExit) and isinstance(ended.code, str)):
            return
        own = {config.hydra.output_subdir, f"{config.hydra.job.name}.log"} | _LISTS
        there = {path.name for path in folder.iterdir()}
        if str(folder) in ended.code or not there <= own | self._before:
            return
        with suppress(OSError):  # a file that is still open, on Windows
            for name in there - self._before:
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for place in self._made:
                place.rmdir()
