"""The Gaussian process that proposes what to try next."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import GPSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ocr.threads import one_thread

DRAWN = 2048  # points that are looked at first
ROUNDS, PARENTS, CHILDREN = 10, 16, 16  # then the best of them are varied
STEP = 0.1  # of the unit interval, at first; it shrinks by SHRINK a round
SHRINK = 0.7


class PrunedAsWorst:
    """A study in which pruned trials have come to their end as well, and as badly as any has.

    Those of another `space` don't count; and none before two others have shown what is bad.
    """

    def __init__(self, study: Study, space: dict[str, BaseDistribution]) -> None:
        self._study = study
        self._space = space

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool, states: Sequence[TrialState], use_cache: bool
    ) -> list[FrozenTrial]:
        states = (*states, TrialState.PRUNED)
        trials = self._study._get_trials(deepcopy, states, use_cache)
        values = [trial.value for trial in trials if trial.state == TrialState.COMPLETE]
        if len(values) < 2:
            return [trial for trial in trials if trial.state != TrialState.PRUNED]
        worst = (max if self._study.direction == StudyDirection.MINIMIZE else min)(values)
        found = []
        for trial in trials:
            if trial.state == TrialState.PRUNED:
                if not self._space.keys() <= trial.params.keys():
                    continue
                trial = copy(trial)
                trial.state, trial.values = TrialState.COMPLETE, [worst]
            found.append(trial)
        return found


class GaussianProcess(GPSampler):
    """Optuna's Gaussian process; it learns from pruned trials, too, and proposes far sooner.

    The expected improvement is climbed by variation and selection, each round in one evaluation,
    instead of along gradients and one value at a time: on spaces of many choices that comes as
    high, in an eighth of the time.
    """

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Optuna's would forget what was pruned, and propose it again."""
        if len(study.directions) == 1:  # with several, none is pruned
            study = PrunedAsWorst(study, search_space)
        with one_thread():  # its matrices are small: two threads take twice as long
            return super().sample_relative(study, trial, search_space)

    def _optimize_acqf(self, acqf: Any, best_params: np.ndarray | None) -> np.ndarray:
        """The point, (D,) normalised, where the acquisition function is highest.

        best_params: (N, D) of the best trials so far.
        """
        space, rng = acqf.search_space, self._rng.rng
        points = pool = space.sample_normalized_params(DRAWN, rng)
        if best_params is not None:
            points = np.vstack([best_params, points])
        values = acqf.eval_acqf_no_grad(points)
        for i in range(ROUNDS):
            best = np.argsort(-values)[:PARENTS]
            points, values = points[best], values[best]
            children = points.repeat(CHILDREN, axis=0)
            fresh = np.take_along_axis(pool, rng.randint(DRAWN, size=children.shape), axis=0)
            # Of a child's values 1.5 on average are drawn anew; half of the continuous ones move.
            drawn = rng.random_sample(children.shape) < 1.5 / space.dim
            children = np.where(drawn, fresh, children)
            moves = rng.normal(0, STEP * SHRINK**i, children.shape)
            moves *= rng.random_sample(children.shape) < 0.5
            where = space.continuous_indices
            children[:, where] = np.clip(children[:, where] + moves[:, where], 0, 1)
            points = np.vstack([points, children])
            values = np.append(values, acqf.eval_acqf_no_grad(children))
        return points[np.argmax(values)]
