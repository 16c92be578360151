"""Record the result of a trial in the study."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ocr.search.results import METRICS
from ocr.search.study import rejoin
from ocr.search.trial_end import TrialEnd, end_of
from ocr.training.run_folder import read_metrics


class ResultRecorder:
    """Record the results of a study's trials, which they left in their run folders.

    Args:
        study: The study.
        objectives: The names in metrics.json that are a trial's values.
    """

    def __init__(self, study: optuna.Study, objectives: Sequence[str]) -> None:
        self.study = study
        self.objectives = objectives

    def record(self, trial: optuna.Trial, failure: str | None) -> None:
        """Record a trial that has finished.

        Args:
            trial: The trial.
            failure: Why it failed, or None.

        Raises:
            optuna.exceptions.UpdateFinishedTrialError: Another process, to which it seemed dead,
                has recorded it before.
        """
        metrics = read_metrics(Path(trial.user_attrs["folder"])) or {}
        values: list[Any] = [metrics.get(name) for name in self.objectives]
        if failure is None and None in values:
            failure = f"its metrics.json has no number for {', '.join(self.objectives)}"
        if failure is not None:
            trial.set_user_attr("end", TrialEnd.FAILED)
            trial.set_user_attr("reason", failure)
            self.study.tell(trial, state=TrialState.FAIL)
            return
        saved = {name: metrics[name] for name in METRICS.values() if name in metrics}
        trial.set_user_attr("metrics", saved | dict(zip(self.objectives, values, strict=True)))
        # The trial's own process has written how it ended; `trial` has only what was set here.
        if end_of(self.study.get_trials(deepcopy=False)[trial.number]) == TrialEnd.PRUNED:
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, values)

    def recover_result(self, trial: FrozenTrial) -> bool:
        """Record a trial whose process died between its end and its recording.

        Returns:
            Whether the trial had finished.
        """
        if read_metrics(Path(trial.user_attrs.get("folder", ""))) is None:
            return False
        self.record(rejoin(self.study, trial.number), None)
        return True
