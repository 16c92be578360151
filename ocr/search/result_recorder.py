"""What came of a trial, told to the study."""

from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from ocr.search.results import METRICS
from ocr.search.storage import one_transaction
from ocr.search.study import tell
from ocr.training.run_folder import read_metrics


class ResultRecorder:
    """Tells `study` of its trials by what they left in their folders.

    objectives: the names in metrics.json that are its values.
    exhausted: whether the study's sampler has nothing more to try.
    """

    def __init__(self, study: optuna.Study, objectives: Sequence[str]) -> None:
        self.study = study
        self.objectives = objectives
        self.exhausted = False

    def record(self, trial: optuna.Trial, failure: str | None) -> None:
        """Tell of a trial that came to its end; failure: why it failed, or None.

        Raises optuna's UpdateFinishedTrialError if another process, to which it seemed dead, told
        of it before.
        """
        metrics = read_metrics(Path(trial.user_attrs["folder"])) or {}
        values = [metrics.get(name) for name in self.objectives]
        if failure is None and None in values:
            failure = f"its metrics.json has no number for {', '.join(self.objectives)}"
        if failure is not None:
            trial.set_user_attr("reason", failure)
            self.exhausted |= not tell(self.study, trial, state=TrialState.FAIL)
            return
        kept = {name: metrics[name] for name in METRICS.values() if name in metrics}
        # What the trial's own process noted; `trial` knows only what was set here.
        noted = self.study.get_trials(deepcopy=False)[trial.number].user_attrs
        pruned = noted.get("stopped", {}).get("how") == "pruned"
        outcome = {"state": TrialState.PRUNED} if pruned else {"values": values}
        with one_transaction(self.study):
            trial.set_user_attr("metrics", kept | dict(zip(self.objectives, values, strict=True)))
            self.exhausted |= not tell(self.study, trial, **outcome)

    def recover_result(self, trial: FrozenTrial) -> bool:
        """Record a trial whose process died between its end and the telling of it, if it did."""
        if read_metrics(Path(trial.user_attrs.get("folder", ""))) is None:
            return False
        self.record(optuna.Trial(self.study, trial._trial_id), None)
        return True
