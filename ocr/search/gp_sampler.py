"""A Gaussian process that proposes the next values, Optuna's with two changes."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import GPSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ocr.threads import one_thread

# The evolutionary search for the highest expected improvement.
N_SAMPLES = 2048  # random points to begin with
ROUNDS, PARENTS, CHILDREN = 10, 16, 16
STEP = 0.1  # standard deviation of a mutation in the first round, in units of the value's range
SHRINK = 0.7  # of the step, each round


class PrunedAsWorst:
    """A study whose pruned trials look complete, with the worst value of all.

    Pruned trials with other values than those of `space` are left out, and all of them until two
    complete trials have shown what is bad.

    Optuna has no public way to let its Gaussian process learn from pruned trials: it reads the
    trials by the private method that is replaced here.

    Args:
        study: The study.
        space: The searched values.
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
        values = [t.values[0] for t in trials if t.state == TrialState.COMPLETE]
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
    """Optuna's Gaussian process, which also learns from pruned trials, and proposes sooner.

    The acquisition function is maximised by an evolutionary search instead of along gradients and
    one value at a time. On a space of 14 values it finds as high a maximum in an eighth of the
    time: 0.1 s instead of 0.8 s a trial.
    """

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose values; see GPSampler."""
        seen: Any = study
        if len(study.directions) == 1:  # with several, no trial is pruned
            seen = PrunedAsWorst(study, search_space)
        with one_thread():  # its matrices are small: two threads take twice as long
            return super().sample_relative(seen, trial, search_space)

    def _optimize_acqf(self, acqf: Any, best_params: np.ndarray | None) -> np.ndarray:
        """Return the point where the acquisition function is highest.

        Optuna leaves this method for others to replace, but may change it.

        Args:
            acqf: The acquisition function.
            best_params: (N, D), normalised, of the best trials.

        Returns:
            (D,), normalised.
        """
        space, rng = acqf.search_space, self._rng.rng
        points = pool = space.sample_normalized_params(N_SAMPLES, rng)
        if best_params is not None:
            points = np.vstack([best_params, points])
        values = acqf.eval_acqf_no_grad(points)
        for i in range(ROUNDS):
            best = np.argsort(-values)[:PARENTS]
            points, values = points[best], values[best]
            children = points.repeat(CHILDREN, axis=0)
            fresh = np.take_along_axis(pool, rng.randint(N_SAMPLES, size=children.shape), axis=0)
            # 1.5 values of a child are drawn anew on average, and half of the continuous ones move.
            drawn = rng.random_sample(children.shape) < 1.5 / space.dim
            children = np.where(drawn, fresh, children)
            moves = rng.normal(0, STEP * SHRINK**i, children.shape)
            moves *= rng.random_sample(children.shape) < 0.5
            where = space.continuous_indices
            children[:, where] = np.clip(children[:, where] + moves[:, where], 0, 1)
            points = np.vstack([points, children])
            values = np.append(values, acqf.eval_acqf_no_grad(children))
        return points[np.argmax(values)]
