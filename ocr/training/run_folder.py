"""The run folder: shared by the ranks of a run, and removed if the run is refused."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ocr.errors import UserError
from ocr.log import LOG_FILE, is_rank_zero

# Files that a run writes before it trains, besides Hydra's; a folder with other files is kept.
_LISTS = ("split.csv", "skipped.csv")
# Files that a training writes, and that a new one in the same folder must not replace.
RESULTS = (
    "best.ckpt",
    "last.ckpt",
    "metrics.csv",
    "metrics.json",
    "predictions.csv",
    "curves.png",
    "config.yaml",
)
_VARIABLE = "OCR_RUN_FOLDER"  # the first rank's run folder, for the ranks that it starts


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """Read metrics.json of a finished run; None if the run has not finished."""
    try:
        return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


class _Additions:
    """The files and folders that a run adds to its folder."""

    def __init__(self, folder: Path) -> None:
        """Record what exists before the run."""
        self.folder = folder.absolute()
        places = (self.folder, *self.folder.parents)
        self._made = [place for place in places if not place.exists()]  # the innermost first
        there = self.folder.is_dir()  # if it is a file, the run reports that
        self._before = {path.name for path in self.folder.iterdir()} if there else set()

    def remove(self, names: Iterable[str]) -> None:
        """Remove what the run added, unless it added anything else than `names`."""
        added = {path.name for path in self.folder.iterdir()} - self._before
        if not added <= set(names):
            return
        with suppress(OSError):  # a file that is still open, on Windows
            for name in added:
                path = self.folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for place in self._made:
                place.rmdir()


@contextmanager
def make_run_folder(config: DictConfig) -> Iterator[Path]:
    """Make the folder of a run, and remove it if the run is refused.

    Lightning starts further ranks by running the script again, which composes a folder with a
    later time in its name. These ranks use the folder of the first one.

    Args:
        config: Config of the run; further ranks change `config.run.dir`.

    Yields:
        The folder.

    Raises:
        UserError: The folder can't be made.
    """
    if not is_rank_zero():
        config.run.dir = os.environ.pop(_VARIABLE, config.run.dir)
        yield Path(config.run.dir)
        return
    folder = Path(config.run.dir)
    additions = _Additions(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"hydra.run.dir={folder} can't be made: {error.strerror}. Give another one"
        ) from error
    os.environ[_VARIABLE] = str(folder.absolute())
    try:
        yield folder
    except UserError as error:
        # Hydra's own files are removed with the others by `RunFolder`.
        if error.file is None and not HydraConfig.initialized():
            additions.remove((LOG_FILE, *_LISTS))
        raise
    finally:
        os.environ.pop(_VARIABLE, None)


class RunFolder(Callback):
    """Hydra's callback for a single run; the jobs of a sweep keep their folders."""

    def __init__(self) -> None:
        self._additions: _Additions | None = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Record what exists before Hydra makes the folder."""
        HydraConfig.instance().set_config(config)  # for ${hydra:...}; Hydra does it next
        self._additions = _Additions(Path(config.hydra.run.dir))

    def on_run_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Remove the folder of a refused run, or what the run added to it."""
        ended = job_return._return_value  # `return_value` would print and raise an exception
        # `report_errors` raises SystemExit with the error message as its code.
        refused = isinstance(ended, SystemExit) and isinstance(ended.code, str)
        if not refused or getattr(ended.__context__, "file", None) or self._additions is None:
            return
        hydra = config.hydra
        self._additions.remove((hydra.output_subdir, f"{hydra.job.name}.log", LOG_FILE, *_LISTS))
