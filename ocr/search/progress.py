"""Show the progress of a search in the terminal."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ocr.formatting import format_duration, format_score
from ocr.log import short_path
from ocr.search.budget import Budget
from ocr.search.results import metrics_of
from ocr.search.trial_end import end_of, is_interrupted, reason_of
from ocr.training.run_folder import read_metrics


class Progress:
    """A live table in a terminal, or a line for each trial if the output is redirected.

    Args:
        trials: Returns the study's trials.
        n_trials: The number of trials of all processes.
        n_jobs: The number of trials that run at once.
        objectives: Names in metrics.json.
        ranking: Sorts trials, best first.
        budget: The time of the search.
        n_final_runs: The largest number of runs after the trials.
    """

    def __init__(
        self,
        trials: Callable[[], Sequence[FrozenTrial]],
        n_trials: int,
        n_jobs: int,
        objectives: Sequence[str],
        ranking: Callable[[Sequence[FrozenTrial]], Sequence[FrozenTrial]],
        budget: Budget,
        n_final_runs: int,
    ) -> None:
        self.console = Console()
        self.trials = trials
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.objectives = objectives
        self.ranking = ranking
        self.budget = budget
        self.n_final_runs = n_final_runs
        self._data_shown = False
        self._live = Live(
            get_renderable=self.render,
            console=self.console,
            refresh_per_second=0.5,
            auto_refresh=self.console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def info(self, line: str) -> None:
        """Print a line, above the table."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def show(self, number: int, trials: Sequence[FrozenTrial], seconds: float) -> None:
        """Print the result of a trial, and estimate the remaining time.

        Args:
            number: The trial's number.
            trials: The study's trials.
            seconds: The duration of the trial.
        """
        trial = next(trial for trial in trials if trial.number == number)
        metrics = metrics_of(trial)
        known = [name for name in self.objectives if name in metrics]
        scores = "  ".join(f"{name} {format_score(metrics[name])}" for name in known)
        best = [f"trial {t.number} ({self._values(t)})" for t in self.ranking(trials)[:1]]
        parts = [
            f"trial {trial.number:>3} {trial.state.name.lower():<8} {scores}",
            format_duration(seconds),
            reason_of(trial),
            f"best: {best[0]}" if best else "",
            self._remaining(trials),
        ]
        self.info(" · ".join(filter(None, parts)))

    def show_data(self, folder: Path) -> None:
        """Print what data all trials have, after the first trial that did not fail.

        Args:
            folder: The trial's run folder.
        """
        metrics = read_metrics(folder)
        if self._data_shown or not metrics:
            return
        self._data_shown = True
        parts = [f"{metrics[f'images_{part}']:,} {part}" for part in ("train", "val", "test")]
        skipped = metrics["images_skipped"] + metrics["images_uncaptioned"]
        run = short_path(folder)
        left_out = f"; {skipped:,} left out, see {run}/skipped.csv" if skipped else ""
        self.info(
            f"images: {', '.join(parts)}{left_out}; other settings that depend on the data are in "
            f"{run}/train.log"
        )

    def render(self) -> Group:
        """Return the table of the best and the running trials."""
        trials = self.trials()
        by_state = {state: [t for t in trials if t.state == state] for state in TrialState}
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for place, trial in enumerate(self.ranking(trials)[:5]):
            table.add_row("then" if place else "best", f"trial {trial.number}", self._values(trial))
        for trial in by_state[TrialState.RUNNING]:
            reported = trial.intermediate_values
            last = max(reported, default=0)
            state = f"epoch {last}: {format_score(reported[last])}" if reported else "starting"
            table.add_row("running", f"trial {trial.number}", state)
        done = len(by_state[TrialState.COMPLETE])
        pruned = len(by_state[TrialState.PRUNED])
        failed = sum(not is_interrupted(trial) for trial in by_state[TrialState.FAIL])
        counts = f"{done} complete, {pruned} pruned, {failed} failed of {self.n_trials} trials"
        return Group(table, Text(" · ".join(filter(None, [counts, self._remaining(trials)]))))

    def _values(self, trial: FrozenTrial) -> str:
        pairs = zip(self.objectives, trial.values, strict=True)
        return ", ".join(f"{name} {format_score(value)}" for name, value in pairs)

    def trials_end(self, trials: Sequence[FrozenTrial]) -> float | None:
        """Return when the trials end, in seconds since 1970, so that the finals fit into the time.

        Args:
            trials: The study's trials.
        """
        return self.budget.trials_end(_seconds_of_complete(trials), self.n_final_runs)

    def _remaining(self, trials: Sequence[FrozenTrial]) -> str:
        """Estimate the remaining time from the trials so far."""
        timed = [t for t in trials if t.duration and t.user_attrs]
        todo = self.n_trials - sum(t.state.is_finished() for t in trials)
        if not timed or todo <= 0:
            return ""
        seconds = mean(map(_seconds, timed)) * todo / self.n_jobs
        if (end := self.trials_end(trials)) is not None:
            seconds = min(seconds, max(0.0, end - time.time()))
        finals = self.budget.finals_seconds(_seconds_of_complete(trials), self.n_final_runs)
        if (left := self.budget.left()) is not None:
            finals = min(finals, left - seconds)
        if not finals:
            return f"about {format_duration(seconds)} left"
        return (
            f"about {format_duration(seconds)} left, and {format_duration(finals)} for the finals"
        )


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def _seconds_of_complete(trials: Sequence[FrozenTrial]) -> list[float]:
    """Return the seconds of trials that came to their end, not to that of their time."""
    whole = (t for t in trials if t.state == TrialState.COMPLETE and end_of(t) is None)
    return [_seconds(t) for t in whole if t.duration]
