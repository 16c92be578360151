"""What a search leaves in its folder while it runs: trials.csv and the report."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from optuna.trial import FrozenTrial

from ocr.log import shown
from ocr.search.results import reason, write_csv
from ocr.search.space import Space
from ocr.training.process import run_aside

REPORT_SHARE = 0.02  # of the time may go into drawing the report while the search runs


@dataclass
class Report:
    """Draws the report, wherever it is called; see `write_report`."""

    trials: Sequence[FrozenTrial]
    objectives: Sequence[str]
    directions: Sequence[str]
    folder: Path

    def __call__(self, script: str = "") -> list[str] | OSError:
        """Returns what `write_report` returned, or why it couldn't write."""
        from ocr.search.report import write_report

        try:
            self.folder.mkdir(exist_ok=True)
            return write_report(self.trials, self.objectives, self.directions, self.folder)
        except OSError as error:
            return error


class ResultWriter:
    """Writes into `folder` what there is to tell of trials.

    say: tells the person that something can't be written; the search goes on.
    """

    def __init__(
        self,
        space: Space,
        objectives: Sequence[str],
        directions: Sequence[str],
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self.space = space
        self.objectives = objectives
        self.directions = directions
        self.folder = folder
        self.info = say
        self._report_due = 0.0
        self._drawing: threading.Thread | None = None
        self._sections: list[str] | None = None  # of the report that was drawn last

    def save(self, trials: Sequence[FrozenTrial], final: bool = False) -> None:
        """Write trials.csv; and the report if it is time to, beside the next trial.

        In a process of its own: a thread would keep the next proposal waiting for seconds.
        """
        with self._writing():
            write_csv(trials, self.space, self.objectives, self.folder / "trials.csv")
        drawing = self._drawing is not None and self._drawing.is_alive()
        if final:
            if drawing:
                self._drawing.join()
            self._draw(trials)
        elif not drawing and time.monotonic() > self._report_due:
            self._drawing = threading.Thread(target=self._draw, args=(trials, True), daemon=True)
            self._drawing.start()

    def select_winner(self, trials: Sequence[FrozenTrial], winner: Mapping[str, str]) -> None:
        """Tell of the winner in the report, too; winner: see `write_page`."""
        from ocr.search.report import write_page

        if self._sections is None:  # its trials are an earlier process'
            self._draw(trials)
        if self._sections is None:  # it couldn't be written, as has been said
            return
        with self._writing():
            relevant = [self._relevant(trial) for trial in trials]
            report = self._sections, winner, self.folder / "report"
            write_page(relevant, self.objectives, self.directions, *report)

    def _draw(self, trials: Sequence[FrozenTrial], apart: bool = False) -> None:
        start = time.monotonic()
        relevant = [self._relevant(trial) for trial in trials]
        report = Report(relevant, self.objectives, self.directions, self.folder / "report")
        with self._writing():
            why, drawn = run_aside(report) if apart else (None, report())
            if why:
                self.info(f"the report can't be drawn now: {why}")
            elif isinstance(drawn, OSError):
                raise drawn
            else:
                self._sections = drawn
        took = time.monotonic() - start
        self._report_due = time.monotonic() + took / REPORT_SHARE

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.info(
                f"{shown(Path(error.filename or self.folder))} can't be written "
                f"({error.strerror}); nothing is lost, the study holds all results"
            )

    def _relevant(self, trial: FrozenTrial) -> FrozenTrial:
        """With the values that mattered, and no others."""
        names = self.space.relevant(trial.params)
        copied = copy(trial)
        copied.params = {name: trial.params[name] for name in names}
        copied.distributions = {name: trial.distributions[name] for name in names}
        told = {"reason": reason(trial), "command": self.space.command(trial.params)}
        copied.user_attrs = trial.user_attrs | told
        return copied
