"""Who runs which trial: each proposal once, the total exact, whatever dies on the way.

A trial that failed by itself has a `reason`. One without a reason was interrupted: its process
ended before it did. It doesn't count, and the same values are tried again under a new number.
"""

import fcntl
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import fail_stale_trials
from optuna.trial import FrozenTrial, TrialState

from ocr.search.storage import one_transaction
from ocr.search.study import tell

NEWBORN = 10  # seconds within which a trial gets its owner


def interrupted(trial: FrozenTrial) -> bool:
    """Whether its process ended before it did."""
    return trial.state == TrialState.FAIL and "reason" not in trial.user_attrs


def counts(trial: FrozenTrial) -> bool:
    """Whether it is one of the study's `n_trials`."""
    return not interrupted(trial) and "superseded" not in trial.user_attrs


class Coordinator:
    """Hands out the trials of `study` to this process and to others beside it.

    folder: of the sweep. queue: a file that processes lock to take a trial, for storages that can't
    hand out one by themselves. recover_result: called with an interrupted trial of a dead
    process; records its result and returns True if it had come to its end all the same.
    """

    def __init__(
        self,
        study: optuna.Study,
        n_trials: int,
        folder: Path,
        queue: Path | None,
        recover_result: Callable[[FrozenTrial], bool],
    ) -> None:
        self.study = study
        self.n_trials = n_trials
        self.folder = folder
        self.queue = queue
        self.recover_result = recover_result
        self._mutex = threading.Lock()
        self.own: set[int] = set()
        # The system gives the lock back when the process ends, however it does.
        self._path = folder / f".owner-{uuid.uuid4().hex}"
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self.owner = {"host": socket.gethostname(), "lock": str(self._path), "pid": os.getpid()}

    def close(self) -> None:
        """No trial of ours runs any more."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def trials(self) -> list[FrozenTrial]:
        """All that count, or were interrupted."""
        every = self.study.get_trials(deepcopy=False)
        return [trial for trial in every if "superseded" not in trial.user_attrs]

    def start_with(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Have these params tried first, once in the study."""
        with self._alone():
            known = {trial.user_attrs.get("start") for trial in self.trials()}
            for index, params in enumerate(points):
                if index not in known:
                    self.study.enqueue_trial(dict(params), user_attrs={"start": index})

    def claim(self) -> optuna.Trial | None:
        """A trial for this process to run; None if there is nothing left to start.

        Waits while another process may have died before it signed the last one.
        """
        while True:
            with self._alone():
                while self._anything_left():
                    with one_transaction(self.study):
                        trial = self.study.ask()
                        trial.set_user_attr("owner", self.owner)
                        trial.set_user_attr("folder", str(self.folder / str(trial.number)))
                    self.own.add(trial.number)  # not sooner: what is rolled back isn't ours
                    # With the queue locked, nobody can have been faster since we looked.
                    if self.queue or not self._superfluous(trial):
                        return trial
                    trial.set_user_attr("superseded", True)
                    trial.set_user_attr("reason", "another process ran it")
                    tell(self.study, trial, state=TrialState.FAIL)
            if all("owner" in trial.user_attrs for trial in self._others()):
                return None
            time.sleep(1)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread, and where it must be so no other process, takes a trial meanwhile."""
        with self._mutex, ExitStack() as stack:
            if self.queue:
                fcntl.flock(stack.enter_context(self.queue.open("w")), fcntl.LOCK_EX)
            yield

    def running_elsewhere(self) -> list[int]:
        """The trials that other processes run; waits until each is known to have one."""
        while True:
            with self._alone():
                self.reap_dead_trials()
            running = self._others()
            if all("owner" in trial.user_attrs for trial in running):
                return [trial.number for trial in running]
            time.sleep(1)

    def _others(self) -> list[FrozenTrial]:
        return [
            trial
            for trial in self.trials()
            if trial.state == TrialState.RUNNING and trial.number not in self.own
        ]

    def release(self, number: int) -> None:
        """Our trial came to its end and was told to the study."""
        self.own.discard(number)

    def reap_dead_trials(self) -> list[FrozenTrial]:
        """Find trials whose process is dead, and have them tried again; returns all there are."""
        fail_stale_trials(self.study)  # of other machines, by their heartbeat
        trials = self.trials()
        dead = [t for t in trials if t.state == TrialState.RUNNING and self._orphaned(t)]
        for trial in dead:
            with suppress(UpdateFinishedTrialError, ValueError):  # another process was faster
                if not self.recover_result(trial):
                    tell(self.study, trial.number, state=TrialState.FAIL)
        if dead:
            trials = self.trials()
        retried = {trial.user_attrs.get("retry_of") for trial in trials}
        again = False
        for trial in trials:
            # Those it was to have, even if it was killed before it got them.
            params = trial.system_attrs.get("fixed_params", {}) | trial.params
            if interrupted(trial) and params and trial.number not in retried:
                attributes = {k: v for k, v in trial.user_attrs.items() if k == "start"}
                attributes["retry_of"] = trial.number
                self.study.enqueue_trial(params, user_attrs=attributes)
                again = True
        return self.trials() if again else trials

    def _anything_left(self) -> bool:
        trials = self.reap_dead_trials()
        counted = [trial.number for trial in trials if counts(trial)]
        waiting = [trial.number for trial in trials if trial.state == TrialState.WAITING]
        return len(counted) < self.n_trials or any(
            counted.index(number) < self.n_trials for number in waiting
        )

    def _superfluous(self, trial: optuna.Trial) -> bool:
        """Whether another process was faster to take the last one, or the same one."""
        before = [t for t in self.trials() if t.number < trial.number]
        if sum(map(counts, before)) >= self.n_trials:
            return True
        for name in ("retry_of", "start"):
            mark = trial.user_attrs.get(name)
            twins = (t for t in before if not interrupted(t) and t.user_attrs.get(name) == mark)
            if mark is not None and any(twins):
                return True
        return False

    def _orphaned(self, trial: FrozenTrial) -> bool:
        if trial.number in self.own:
            return False
        owner = trial.user_attrs.get("owner")
        if owner is None:  # its process had no time to sign, or is about to
            if self.queue:  # which is ours now, and which nobody leaves without having signed
                return True
            return (datetime.now() - trial.datetime_start).total_seconds() > NEWBORN
        if owner["host"] != self.owner["host"]:
            return False
        with suppress(OSError), Path(owner["lock"]).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return not Path(owner["lock"]).exists()
