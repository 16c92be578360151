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
    """Recorder of the results in the trials' run folders.

    Args:
        study: The study.
        objectives: Names in metrics.json; the trials' values.
    """

    def __init__(self, study: optuna.Study, objectives: Sequence[str]) -> None:
        self.study = study
        self.objectives = objectives

    def record(self, trial: optuna.Trial, failure: str | None) -> None:
        """Record the result of a finished trial.

        Args:
            trial: The trial.
            failure: The reason why it failed, or None.

        Raises:
            optuna.exceptions.UpdateFinishedTrialError: Another process took the trial for dead and
                has recorded it already.
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
        # `trial` lacks the attributes that the trial's own process has set in the storage.
        if end_of(self.study.get_trials(deepcopy=False)[trial.number]) == TrialEnd.PRUNED:
            self.study.tell(trial, state=TrialState.PRUNED)
        else:
            self.study.tell(trial, values)

    def recover_result(self, trial: FrozenTrial) -> bool:
        """Record a finished trial whose process died before it recorded the result.

        Returns:
            Whether the trial had finished.
        """
        if read_metrics(Path(trial.user_attrs.get("folder", ""))) is None:
            return False
        self.record(rejoin(self.study, trial.number), None)
        return True
