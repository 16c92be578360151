"""Several runs of train.py, one after another; what is done is not done again."""

import csv
import json
import shutil
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from ocr.config.command_line import TRAIN
from ocr.config.compose import quoted
from ocr.data.manifest import Prediction, read_predictions
from ocr.errors import UserError
from ocr.formatting import format_duration, format_score
from ocr.pluralize import pluralize
from ocr.training.process import run_command
from ocr.training.run_folder import read_metrics

_PLAN = "plan.json"


class Job(NamedTuple):
    """A run to be done. name: of its folder. title: for people. overrides: of its own."""

    name: str
    title: str
    overrides: Sequence[str]


class Runs:
    """Runs in folders below `out`, each in a process of its own.

    out: None makes a folder in runs/, named after the `command`; one that holds runs of another
    plan is refused. words: the overrides of all. plan: what they are about, as plain values.
    """

    def __init__(
        self, out: Path | None, command: str, words: Sequence[str], plan: dict[str, Any]
    ) -> None:
        now = datetime.now().strftime("%Y-%m-%d_%H-%M-%S_%f")
        self.out = Path("runs", "folder", f"{command}_{now}") if out is None else out.expanduser()
        self.words = words
        self.console = Console(stderr=True)
        self._claim(plan)

    def folder(self, job: Job) -> Path:
        """Where a job's run leaves its files."""
        return self.out / job.name

    def metrics(self, job: Job) -> dict[str, Any] | None:
        """metrics.json of a job that is done."""
        return read_metrics(self.folder(job))

    def predictions(self, job: Job) -> list[Prediction]:
        """What a job that is done has read of its test part."""
        return read_predictions(self.folder(job))

    def do(self, jobs: Sequence[Job]) -> None:
        """Run those that haven't been. Raises UserError at the first that fails."""
        todo = [job for job in jobs if self.metrics(job) is None]
        done = len(jobs) - len(todo)
        self.info(f"{pluralize(len(jobs), 'training')}, the files in {self.out}")
        if done:
            self.info(f"{done} of them are done already")
        seconds = []
        try:
            for job in todo:
                seconds.append(self._run(job))
                left = sum(seconds) / len(seconds) * (len(todo) - len(seconds))
                self._ended(job, seconds[-1], left)
        except KeyboardInterrupt:
            done = sum(self.metrics(job) is not None for job in jobs)
            self.info(
                f"stopped: {done} of {len(jobs)} are done; to go on, give the same command with "
                f"--out {self.out}"
            )
            raise

    def info(self, line: str) -> None:
        """Print a line where it isn't taken for a result."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _claim(self, plan: dict[str, Any]) -> None:
        path = self.out / _PLAN
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                if any(self.out.iterdir()):
                    raise UserError(f"{self.out}: not empty; give a new folder for --out")
                path.write_text(json.dumps(plan, indent=2, ensure_ascii=False), encoding="utf-8")
            there = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"{self.out}: {error.strerror}") from error
        except ValueError as error:
            raise UserError(f"{path}: damaged ({error})") from error
        for key in plan:
            if there.get(key) != plan[key]:
                raise UserError(
                    f"{self.out}: its runs had other {key}{_both(there.get(key), plan[key])}; give "
                    "the same, or a new folder for --out"
                )

    def _run(self, job: Job) -> float:
        """Returns the seconds that it took."""
        folder = self.folder(job)
        if folder.exists():  # of a run that was interrupted
            shutil.rmtree(folder)
        start = time.monotonic()
        place = f"hydra.run.dir={quoted(str(folder.absolute()))}"
        command = [*TRAIN, *self.words, *job.overrides, "test=true", place]
        spinner = Spinner("dots")

        def now() -> Spinner:
            spinner.update(text=f"{job.title} · {_progress(folder, time.monotonic() - start)}")
            return spinner

        with Live(
            get_renderable=now,
            console=self.console,
            auto_refresh=self.console.is_terminal,
            refresh_per_second=4,
            transient=True,
        ):
            reason = run_command(command, str(Path.cwd()), folder / "output.log")
        if reason:
            raise UserError(f"{job.title}: {reason} (its output is in {folder / 'output.log'})")
        if self.metrics(job) is None:
            raise UserError(f"{job.title}: it left no {folder / 'metrics.json'}")
        return time.monotonic() - start

    def _ended(self, job: Job, seconds: float, left: float) -> None:
        metrics = self.metrics(job)
        parts = [
            job.title,
            f"{metrics['images_train']:,} images to train, {metrics['images_test']:,} to test",
            f"exact match {metrics['test/exact_match']:.1%}",
            format_duration(seconds),
            f"about {format_duration(left)} left" if left else "",
        ]
        self.info(" · ".join(filter(None, parts)))


def _both(then: Any, now: Any) -> str:
    """What was, and what is, where that is anything to read."""
    if isinstance(then, list) and isinstance(now, list):
        return f" ({' '.join(then) or 'none'} then, {' '.join(now) or 'none'} now)"
    return f" ({then} then, {now} now)" if isinstance(now, int) else ""


def _progress(folder: Path, seconds: float) -> str:
    """How far a run has come, by what it has logged."""
    last: dict[str, str] = {}
    try:
        with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            last = [row for row in csv.DictReader(file) if row.get("val/cer")][-1]
        epoch = f"epoch {last['epoch']} · val/cer {format_score(float(last['val/cer']))}"
    except (OSError, ValueError, LookupError):  # not yet
        epoch = "starting"
    return f"{epoch} · {format_duration(seconds)}"
