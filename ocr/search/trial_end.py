"""How trials ended, and when too many have failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from ocr.formatting import pluralize

MIN_TRIALS = 5  # the share of failed trials is that of at least as many


class TrialEnd(StrEnum):
    """Why a trial ended early; stored as user attribute "end", with a text as "reason"."""

    PRUNED = "pruned"
    TIME_LIMIT = "time_limit"  # its score counts
    FAILED = "failed"
    SUPERSEDED = "superseded"  # another process ran the same trial


def trials_end_key(owner: Mapping[str, Any]) -> str:
    """Return the study's attribute with the time at which a process stops its trials.

    Args:
        owner: The user attribute "owner" of the trials of the process.
    """
    return f"trials_end {owner.get('lock')}"


def end_of(trial: FrozenTrial) -> TrialEnd | None:
    """Return why a trial ended early; None if it did not or was interrupted."""
    end = trial.user_attrs.get("end")
    return TrialEnd(end) if end else None


def is_interrupted(trial: FrozenTrial) -> bool:
    """Whether the trial's process ended before it recorded a result."""
    return trial.state == TrialState.FAIL and end_of(trial) not in (
        TrialEnd.FAILED,
        TrialEnd.SUPERSEDED,
    )


def is_superseded(trial: FrozenTrial) -> bool:
    """Whether another process ran the same trial."""
    return end_of(trial) == TrialEnd.SUPERSEDED


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial is one of the study's `n_trials`; interrupted ones are tried again."""
    return not is_interrupted(trial) and not is_superseded(trial)


def reason_of(trial: FrozenTrial) -> str:
    """Explain why a trial ended early; an empty text if it did not."""
    if is_interrupted(trial):
        return "interrupted; its values are tried again under another number"
    return trial.user_attrs.get("reason", "")


def select_finished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that have ended and count."""
    return [trial for trial in trials if trial.state.is_finished() and counts(trial)]


def explain_failures(
    trials: Sequence[FrozenTrial], n_trials: int, max_failure_rate: float
) -> str | None:
    """Explain why a search should end because of its failed trials; None if it should not.

    Args:
        trials: The study's trials.
        n_trials: The number of trials of the search.
        max_failure_rate: The largest share of failed trials, 0 to 1.
    """
    finished = select_finished(trials)
    failed = [trial for trial in finished if trial.state == TrialState.FAIL]
    if len(failed) <= max_failure_rate * max(len(finished), min(MIN_TRIALS, n_trials)):
        return None
    reasons = Counter(map(reason_of, failed)).most_common()
    words = "; ".join(f"{text} ({pluralize(count, 'time')})" for text, count in reasons)
    return (
        f"{len(failed)} of {pluralize(len(finished), 'trial')} failed, more than "
        f"hydra.sweeper.max_failure_rate={max_failure_rate} allows: {words}"
    )
