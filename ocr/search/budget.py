"""Divide the time of a search between its trials, the finals and the test."""

import time
from collections.abc import Sequence
from itertools import product
from math import ceil

FINALS_SHARE = 0.4  # of the whole time, at most
MARGIN = 1.15  # on estimates: the next run may be slower than those before
TEST_SECONDS = 10.0  # to test the winner and to draw the report


class Budget:
    """The time of a search, counted from now.

    Args:
        minutes: For trials, finals and test together; None: no limit.
        n_jobs: Number of trials or final runs at once.

    Attributes:
        end: When the search ends, in seconds since 1970; None for no limit.
    """

    def __init__(self, minutes: float | None, n_jobs: int) -> None:
        self._seconds = 60 * (minutes or 0)
        self._test_seconds = min(TEST_SECONDS, self._seconds / 10)
        self._n_jobs = n_jobs
        self.end = None if minutes is None else time.time() + self._seconds

    def trials_end(self, seconds: Sequence[float], n_runs: int) -> float | None:
        """Return when the trials end, so that the finals fit into the rest.

        No time is kept for finals of which not even two runs would fit into their share.

        Args:
            seconds: Of each complete trial so far. As long as there is none, a final run would take
                too long, too.
            n_runs: How many final runs follow, at most.

        Returns:
            Seconds since 1970; None for no limit.
        """
        if self.end is None:
            return None
        share = FINALS_SHARE * self._seconds
        shortest = MARGIN * self.finals_seconds(seconds, min(2, n_runs))
        longest = MARGIN * self.finals_seconds(seconds, n_runs)
        finals = min(share, longest) if shortest <= share else 0.0
        return self.end - finals - self._test_seconds

    def finals_seconds(self, seconds: Sequence[float], n_runs: int) -> float:
        """Estimate the time of the finals from that of the complete trials."""
        if not seconds:
            return 0.0
        return ceil(n_runs / self._n_jobs) * sum(seconds) / len(seconds)

    def plan_finals(
        self, seconds: Sequence[float], default_seconds: float | None, seeds: int
    ) -> tuple[int, int]:
        """Choose how many finalists are trained with how many seeds.

        Args:
            seconds: Of a run of each finalist except the default, the best first.
            default_seconds: Of a run of the default, which is always trained; None if it is no
                finalist.
            seeds: How many, at most.

        Returns:
            The number of finalists besides the default, and the number of seeds, that fit into the
            time; zeros if there is no time to compare two finalists.
        """
        left = self.left()
        if left is None:
            return len(seconds), seeds
        always = [] if default_seconds is None else [default_seconds]
        plans = product(range(2 - len(always), len(seconds) + 1), range(1, seeds + 1))
        # As many runs as possible; of equally many, those of more finalists.
        for best, count in sorted(
            plans, key=lambda plan: (-(plan[0] + len(always)) * plan[1], plan[1])
        ):
            runs = [*seconds[:best], *always] * count
            if MARGIN * ceil(len(runs) / self._n_jobs) * max(runs) <= left:
                return best, count
        return 0, 0

    def left(self) -> float | None:
        """Return the seconds until the test, at least one; None for no limit."""
        return None if self.end is None else max(1.0, self.end - self._test_seconds - time.time())

    def max_time(self) -> str | None:
        """Return `left` as Lightning's trainer.max_time; None for no limit."""
        left = self.left()
        if left is None:
            return None
        minutes, seconds = divmod(int(left), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        return f"{days:02}:{hours:02}:{minutes:02}:{seconds:02}"
