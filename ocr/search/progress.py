"""What a search shows in the terminal."""

import time
from collections.abc import Callable, Sequence
from math import ceil
from statistics import mean

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ocr.formatting import format_duration, format_score
from ocr.search.coordinator import interrupted
from ocr.search.results import metrics_of, reason


class Progress:
    """A live table in a terminal; a line a trial where the output goes elsewhere.

    trials: what the study holds. n_trials: in all. n_jobs: at once. objectives: their names.
    best: ranks trials. deadline: when the search stops, in seconds since 1970.
    finals: runs after the trials, as many as there may be.
    """

    def __init__(
        self,
        trials: Callable[[], Sequence[FrozenTrial]],
        n_trials: int,
        n_jobs: int,
        objectives: Sequence[str],
        best: Callable[[Sequence[FrozenTrial]], Sequence[FrozenTrial]],
        deadline: float | None,
        finals: int,
    ) -> None:
        self.console = Console()
        self.trials = trials
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.objectives = objectives
        self.best = best
        self.deadline = deadline
        self.finals = finals
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

    def ended(self, number: int, trials: Sequence[FrozenTrial], seconds: float) -> None:
        """Trial `number` of `trials` has come to its end: tell, and how long the rest may take."""
        trial = next(trial for trial in trials if trial.number == number)
        state = trial.state.name.lower()
        metrics = metrics_of(trial)
        scores = "  ".join(
            f"{n} {format_score(metrics[n])}" for n in self.objectives if n in metrics
        )
        best = ", ".join(f"trial {t.number} ({self._values(t)})" for t in self.best(trials)[:1])
        parts = [
            f"trial {trial.number:>3} {state:<8} {scores}",
            f"{format_duration(seconds)}",
            reason(trial),
            f"best: {best}" if best else "",
            self._left(trials),
        ]
        self.info(" · ".join(filter(None, parts)))

    def render(self) -> Group:
        """The table."""
        trials = self.trials()
        by_state = {state: [t for t in trials if t.state == state] for state in TrialState}
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for place, trial in enumerate(self.best(trials)[:5]):
            table.add_row("then" if place else "best", f"trial {trial.number}", self._values(trial))
        for trial in by_state[TrialState.RUNNING]:
            seen = trial.intermediate_values
            now = f"epoch {max(seen)}: {format_score(seen[max(seen)])}" if seen else "starting"
            table.add_row("running", f"trial {trial.number}", now)
        done = len(by_state[TrialState.COMPLETE])
        pruned = len(by_state[TrialState.PRUNED])
        failed = sum(not interrupted(trial) for trial in by_state[TrialState.FAIL])
        counts = f"{done} complete, {pruned} pruned, {failed} failed of {self.n_trials} trials"
        return Group(table, Text(" · ".join(filter(None, [counts, self._left(trials)]))))

    def _values(self, trial: FrozenTrial) -> str:
        pairs = zip(self.objectives, trial.values, strict=True)
        return ", ".join(f"{name} {format_score(value)}" for name, value in pairs)

    def _left(self, trials: Sequence[FrozenTrial]) -> str:
        timed = [t for t in trials if t.duration and t.user_attrs]
        todo = self.n_trials - sum(t.state.is_finished() for t in trials)
        if not timed or todo <= 0:
            return ""
        left = _mean_seconds(timed) * todo / self.n_jobs
        if self.deadline is not None:
            left = min(left, max(0.0, self.deadline - time.time()))
        complete = [t for t in timed if t.state == TrialState.COMPLETE]
        if not complete or not self.finals:
            return f"about {format_duration(left)} left"
        finals = _mean_seconds(complete) * ceil(self.finals / self.n_jobs)
        return f"about {format_duration(left)} left, and {format_duration(finals)} for the finals"


def _mean_seconds(trials: Sequence[FrozenTrial]) -> float:
    return mean(trial.duration.total_seconds() for trial in trials)
