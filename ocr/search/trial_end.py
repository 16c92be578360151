"""How a trial ended."""

from enum import StrEnum

from optuna.trial import FrozenTrial, TrialState


class TrialEnd(StrEnum):
    """Why a trial ended early; its user attribute "end", with a text for people in "reason"."""

    PRUNED = "pruned"
    TIME_LIMIT = "time_limit"  # its score counts
    FAILED = "failed"
    SUPERSEDED = "superseded"  # another process was faster to run the same one


def end_of(trial: FrozenTrial) -> TrialEnd | None:
    """Return why a trial ended early; None if it did not, or was interrupted."""
    end = trial.user_attrs.get("end")
    return TrialEnd(end) if end else None


def is_interrupted(trial: FrozenTrial) -> bool:
    """Whether the trial's process ended before it could record a result."""
    return trial.state == TrialState.FAIL and end_of(trial) not in (
        TrialEnd.FAILED,
        TrialEnd.SUPERSEDED,
    )


def is_superseded(trial: FrozenTrial) -> bool:
    """Whether another process ran the same trial."""
    return end_of(trial) == TrialEnd.SUPERSEDED


def counts(trial: FrozenTrial) -> bool:
    """Whether it is one of the study's `n_trials`: an interrupted one is tried again."""
    return not is_interrupted(trial) and not is_superseded(trial)


def reason_of(trial: FrozenTrial) -> str:
    """Explain why a trial ended early; an empty text if it did not."""
    if is_interrupted(trial):
        return "interrupted; its values are tried again under another number"
    return trial.user_attrs.get("reason", "")
