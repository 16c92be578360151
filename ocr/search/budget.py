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

    def plan_finals(self, seconds: Sequence[float], seeds: int) -> tuple[int, int]:
        """Choose how many finalists are trained with how many seeds.

        Args:
            seconds: Of a run of each finalist, the best first and the default last.
            seeds: How many, at most.

        Returns:
            The number of finalists besides the last, and the number of seeds, that fit into the
            time; zeros if there is no time for two finalists.
        """
        others = len(seconds) - 1
        if self.end is None:
            return others, seeds
        left = self.end - time.time() - self._test_seconds
        plans = product(range(1, others + 1), range(1, seeds + 1))
        # As many runs as possible; of equally many, those of more finalists.
        for best, count in sorted(plans, key=lambda plan: (-(plan[0] + 1) * plan[1], plan[1])):
            runs = [*seconds[:best], seconds[-1]] * count
            if MARGIN * max(sum(runs) / self._n_jobs, *runs) <= left:
                return best, count
        return 0, 0

    def left(self) -> float | None:
        """Return the seconds until the end; None for no limit."""
        return None if self.end is None else max(1.0, self.end - time.time())
