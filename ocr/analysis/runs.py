"""Run train.py several times, and skip the runs that are already finished."""

import csv
import json
import shutil
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from ocr.config.command_line import TRAIN
from ocr.config.compose import compose
from ocr.config.error_reporting import report_errors
from ocr.config.overrides import quote_value
from ocr.data.manifest import Prediction, read_predictions
from ocr.errors import UserError
from ocr.formatting import format_duration, format_score, pluralize
from ocr.training.process import run_task
from ocr.training.run_folder import read_metrics
from ocr.training.train import train

_PLAN_FILE = "plan.json"


class Run(NamedTuple):
    """A run of train.py.

    Attributes:
        name: The name of its folder.
        title: Its name in messages.
        overrides: The overrides that only this run has.
    """

    name: str
    title: str
    overrides: Sequence[str]


class Runs:
    """Runs with a common folder, each trained in its own process."""

    def __init__(
        self, out: Path | None, command: str, overrides: Sequence[str], plan: dict[str, Any]
    ) -> None:
        """Open the folder of the runs.

        Args:
            out: The folder; None makes one in runs/folder/, named after `command`.
            command: Name of the command.
            overrides: Overrides of all runs.
            plan: Values that must be equal for runs to be comparable, ready for JSON.

        Raises:
            UserError: The folder has other files, or its runs have another plan.
        """
        now = datetime.now().strftime("%Y-%m-%d_%H-%M-%S_%f")
        self.out = Path("runs", "folder", f"{command}_{now}") if out is None else out.expanduser()
        self.overrides = overrides
        self.console = Console(stderr=True)
        self._require_same_plan(plan)

    def folder(self, run: Run) -> Path:
        """Return the run folder."""
        return self.out / run.name

    def is_finished(self, run: Run) -> bool:
        """Whether the run has written its metrics, which is its last step."""
        return read_metrics(self.folder(run)) is not None

    def require_metrics(self, run: Run) -> dict[str, Any]:
        """Return metrics.json, or raise UserError if the run has written none."""
        metrics = read_metrics(self.folder(run))
        if metrics is None:
            raise UserError(f"{run.title}: {self.folder(run) / 'metrics.json'} is missing")
        return metrics

    def predictions(self, run: Run) -> list[Prediction]:
        """Return the readings of the run's test images."""
        return read_predictions(self.folder(run))

    def train(self, runs: Sequence[Run]) -> None:
        """Train the runs that aren't finished.

        Raises:
            UserError: A run failed; the runs after it are not trained.
        """
        todo = [run for run in runs if not self.is_finished(run)]
        self.info(f"{pluralize(len(runs), 'training')}; the files are in {self.out}")
        if len(todo) < len(runs):
            self.info(f"{len(runs) - len(todo)} of them are already done")
        seconds: list[float] = []
        try:
            for run in todo:
                seconds.append(self._train_one(run))
                left = sum(seconds) / len(seconds) * (len(todo) - len(seconds))
                self._report(run, seconds[-1], left)
        except KeyboardInterrupt:
            done = sum(map(self.is_finished, runs))
            self.info(
                f"stopped: {done} of {len(runs)} are done; to continue, run the same command with "
                f"--out {self.out}"
            )
            raise

    def info(self, line: str) -> None:
        """Print a line to stderr, because stdout is for results."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _require_same_plan(self, plan: dict[str, Any]) -> None:
        path = self.out / _PLAN_FILE
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                if any(self.out.iterdir()):
                    raise UserError(f"{self.out}: not empty; give a new folder for --out")
                path.write_text(json.dumps(plan, indent=2, ensure_ascii=False), encoding="utf-8")
            earlier = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"{self.out}: {error.strerror}") from error
        except ValueError as error:
            raise UserError(f"{path}: damaged ({error})") from error
        for key in plan:
            if earlier.get(key) != plan[key]:
                difference = _describe_difference(earlier.get(key), plan[key])
                raise UserError(
                    f"{self.out}: its runs have other {key}{difference}; give the same, or a new "
                    "folder for --out"
                )

    def _train_one(self, run: Run) -> float:
        """Train a run, and return the seconds that it took."""
        folder = self.folder(run)
        if folder.exists():  # of an interrupted run
            shutil.rmtree(folder)
        start = time.monotonic()
        run_dir = f"hydra.run.dir={quote_value(str(folder.absolute()))}"
        words = [*self.overrides, *run.overrides, "test=true", run_dir]
        spinner = Spinner("dots")

        def progress() -> Spinner:
            spinner.update(
                text=f"{run.title} · {_format_progress(folder, time.monotonic() - start)}"
            )
            return spinner

        with Live(
            get_renderable=progress,
            console=self.console,
            auto_refresh=self.console.is_terminal,
            refresh_per_second=4,
            transient=True,
        ):
            reason = run_task(
                # Lightning repeats the command to start further ranks.
                partial(_train, words),
                [*TRAIN, *words],
                Path.cwd(),
                folder / "output.log",
            )
        if reason:
            raise UserError(f"{run.title}: {reason} (its output is in {folder / 'output.log'})")
        self.require_metrics(run)
        return time.monotonic() - start

    def _report(self, run: Run, seconds: float, left: float) -> None:
        metrics = self.require_metrics(run)
        parts = [
            run.title,
            f"{metrics['images_train']:,} images to train, {metrics['images_test']:,} to test",
            f"exact match {metrics['test/exact_match']:.1%}",
            format_duration(seconds),
            f"about {format_duration(left)} left" if left else "",
        ]
        self.info(" · ".join(filter(None, parts)))


def _train(overrides: Sequence[str]) -> None:
    with report_errors():
        train(compose(overrides))


def _describe_difference(old: Any, new: Any) -> str:
    """Describe both values if they are overrides; hashes and paths would not help the user."""
    if isinstance(old, list) and isinstance(new, list):
        return f" ({' '.join(old) or 'none'} then, {' '.join(new) or 'none'} now)"
    return ""


def _format_progress(folder: Path, seconds: float) -> str:
    """Describe the progress of a run by its metrics.csv."""
    last: dict[str, str] = {}
    try:
        with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            last = [row for row in csv.DictReader(file) if row.get("val/cer")][-1]
        epoch = f"epoch {last['epoch']} · val/cer {format_score(float(last['val/cer']))}"
    except (OSError, ValueError, LookupError):  # no epoch is finished
        epoch = "starting"
    return f"{epoch} · {format_duration(seconds)}"
