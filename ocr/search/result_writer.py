"""Keep trials.csv and the report of a search up to date."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from ocr.errors import UserError
from ocr.log import short_path
from ocr.search.results import write_csv
from ocr.search.space import Space
from ocr.search.trial_end import reason_of
from ocr.training.process import run_task

REPORT_SHARE = 0.02  # of a running search's time may be spent on drawing the report


class ResultWriter:
    """Writer of the result files of a search.

    A file that cannot be written does not end the search, because the study holds all results.

    Args:
        space: The searched space.
        objectives: Names in metrics.json.
        directions: "minimize" or "maximize" for each objective.
        folder: The sweep's folder.
        info: Prints a line.
    """

    def __init__(
        self,
        space: Space,
        objectives: Sequence[str],
        directions: Sequence[str],
        folder: Path,
        info: Callable[[str], None],
    ) -> None:
        self.space = space
        self.objectives = objectives
        self.directions = directions
        self.folder = folder
        self.info = info
        self._report_due = 0.0
        self._drawing: threading.Thread | None = None
        self._sections: list[str] | None = None  # of the last report that this process has drawn

    def save(self, trials: Sequence[FrozenTrial], final: bool = False) -> None:
        """Write trials.csv, and the report unless it was drawn shortly before.

        Args:
            trials: The study's trials.
            final: Draw the report in any case, and wait for it. Otherwise another process draws it
                while the next trial runs.
        """
        with self._report_errors():
            write_csv(trials, self.space, self.objectives, self.folder / "trials.csv")
        drawing = self._drawing
        if final:
            if drawing:
                drawing.join()
            self._draw(trials)
        elif not (drawing and drawing.is_alive()) and time.monotonic() > self._report_due:
            target = partial(self._draw_in_process, trials)
            self._drawing = threading.Thread(target=target, daemon=True)
            self._drawing.start()

    def add_winner(self, trials: Sequence[FrozenTrial], winner: Mapping[str, str]) -> None:
        """Add the winner to the report.

        Args:
            trials: The study's trials.
            winner: Texts about the winner, by heading.
        """
        from ocr.search.report import write_page

        if self._sections is None:  # this process has run no trial
            self._draw(trials)
        if self._sections is not None:
            with self._report_errors():
                relevant, objectives, directions, folder = self._report_arguments(trials)
                write_page(relevant, objectives, directions, folder, self._sections, winner)

    def _draw(self, trials: Sequence[FrozenTrial]) -> None:
        from ocr.search.report import write_report

        with self._report_errors():
            self._sections = write_report(*self._report_arguments(trials))

    def _draw_in_process(self, trials: Sequence[FrozenTrial]) -> None:
        start = time.monotonic()
        task = partial(_write_report, *self._report_arguments(trials))
        if reason := run_task(task, sys.argv, Path.cwd(), Path(os.devnull)):
            self.info(f"the report can't be drawn now: {reason}")
        end = time.monotonic()
        self._report_due = end + (end - start) / REPORT_SHARE

    def _report_arguments(self, trials: Sequence[FrozenTrial]) -> tuple[Any, ...]:
        """Return the arguments of `write_report`."""
        relevant = [self._relevant(trial) for trial in trials]
        return relevant, self.objectives, self.directions, self.folder / "report"

    def _relevant(self, trial: FrozenTrial) -> FrozenTrial:
        """Copy a trial with only the params that matter, and with its reason and command."""
        names = self.space.relevant(trial.params)
        copied = copy(trial)
        copied.params = {name: trial.params[name] for name in names}
        copied.distributions = {name: trial.distributions[name] for name in names}
        added = {"reason": reason_of(trial), "command": self.space.command(trial.params)}
        copied.user_attrs = trial.user_attrs | added
        return copied

    @contextmanager
    def _report_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.info(
                f"{short_path(Path(error.filename or self.folder))} can't be written "
                f"({error.strerror}); the study still holds all results"
            )


def _write_report(*arguments: Any) -> None:
    from ocr.search.report import write_report

    try:
        write_report(*arguments)
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from error
