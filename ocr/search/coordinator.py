"""Distribute the trials of a study to several processes, so that none is lost or run twice.

A trial whose process died before it recorded a result is interrupted: it does not count, and its
values are tried again under a new number.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import fail_stale_trials
from optuna.trial import FrozenTrial, TrialState

from ocr.errors import UserError
from ocr.search.trial_end import TrialEnd, counts, is_interrupted, is_superseded

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

OWNER_SECONDS = 10  # a new trial without an owner after this time belongs to a dead process


class Coordinator:
    """The trials that this process claims, while other processes claim trials of the same study.

    Args:
        study: The study.
        n_trials: The number of trials of all processes.
        folder: The sweep's folder.
        queue: A file that processes lock to claim a trial; None for storages that can lock a row.
        recover_result: Records the result of a dead process' trial, if the trial had finished;
            returns whether it had.

    Attributes:
        own: The numbers of the trials that this process runs.

    Raises:
        UserError: This system has no file locks.
    """

    def __init__(
        self,
        study: optuna.Study,
        n_trials: int,
        folder: Path,
        queue: Path | None,
        recover_result: Callable[[FrozenTrial], bool],
    ) -> None:
        if fcntl is None:
            raise UserError(
                "a search needs POSIX file locks, which Windows does not have: run it in WSL"
            )
        self.study = study
        self.n_trials = n_trials
        self.folder = folder
        self.queue = queue
        self.recover_result = recover_result
        self._mutex = threading.Lock()
        self.own: set[int] = set()
        # The system releases this lock when the process ends, even if it is killed.
        self._path = folder / f".owner-{uuid.uuid4().hex}"
        self._file = self._path.open("w")
        _lock(self._file)
        self.owner = {"host": socket.gethostname(), "lock": str(self._path), "pid": os.getpid()}

    def close(self) -> None:
        """Release the lock that marks this process as alive."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def trials(self) -> list[FrozenTrial]:
        """Return the study's trials, including interrupted ones."""
        return [t for t in self.study.get_trials(deepcopy=False) if not is_superseded(t)]

    def start_with(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Enqueue starting points, unless the study has them already.

        Args:
            points: The params of each starting point.
        """
        with self._locked():
            known = {trial.user_attrs.get("start") for trial in self.trials()}
            for index, params in enumerate(points):
                if index not in known:
                    self.study.enqueue_trial(dict(params), user_attrs={"start": index})

    def claim(self) -> optuna.Trial | None:
        """Return a trial for this process to run; None if no trial is left.

        Wait while a trial has no owner: its process may have died, and then it is left to run.
        """
        while True:
            with self._locked():
                while self._trials_left():
                    trial = self.study.ask()
                    trial.set_user_attr("owner", self.owner)
                    trial.set_user_attr("folder", str(self.folder / str(trial.number)))
                    self.own.add(trial.number)
                    # While the queue is locked, no other process can claim a trial.
                    if self.queue or not self._is_superfluous(trial):
                        return trial
                    trial.set_user_attr("end", TrialEnd.SUPERSEDED)
                    trial.set_user_attr("reason", "another process ran it")
                    self.study.tell(trial, state=TrialState.FAIL)
            if all("owner" in trial.user_attrs for trial in self._others()):
                return None
            time.sleep(1)

    def running_elsewhere(self) -> list[int]:
        """Return the trials that other processes run; wait until each of them has an owner."""
        while True:
            with self._locked():
                self.reap_dead_trials()
            running = self._others()
            if all("owner" in trial.user_attrs for trial in running):
                return [trial.number for trial in running]
            time.sleep(1)

    def release(self, number: int) -> None:
        """Forget a trial of this process, because its result is recorded."""
        self.own.discard(number)

    def reap_dead_trials(self) -> list[FrozenTrial]:
        """Fail the trials of dead processes, and enqueue their values again.

        Returns:
            The study's trials, as `trials` does.
        """
        fail_stale_trials(self.study)  # of other machines, which stopped sending heartbeats
        trials = self.trials()
        dead = [t for t in trials if t.state == TrialState.RUNNING and self._is_orphaned(t)]
        for trial in dead:
            with suppress(UpdateFinishedTrialError, ValueError):  # another process did it
                if not self.recover_result(trial):
                    self.study.tell(trial.number, state=TrialState.FAIL)
        if dead:
            trials = self.trials()
        retried = {trial.user_attrs.get("retry_of") for trial in trials}
        enqueued = False
        for trial in trials:
            # Its process may have died before all enqueued values were set.
            params = trial.system_attrs.get("fixed_params", {}) | trial.params
            if is_interrupted(trial) and params and trial.number not in retried:
                attributes = {k: v for k, v in trial.user_attrs.items() if k == "start"}
                attributes["retry_of"] = trial.number
                self.study.enqueue_trial(params, user_attrs=attributes)
                enqueued = True
        return self.trials() if enqueued else trials

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads from claiming a trial, and with a queue other processes, too."""
        with self._mutex, ExitStack() as stack:
            if self.queue:
                _lock(stack.enter_context(self.queue.open("w")))
            yield

    def _others(self) -> list[FrozenTrial]:
        """Return the running trials of other processes."""
        running = [trial for trial in self.trials() if trial.state == TrialState.RUNNING]
        return [trial for trial in running if trial.number not in self.own]

    def _trials_left(self) -> bool:
        trials = self.reap_dead_trials()
        counted = [trial.number for trial in trials if counts(trial)]
        waiting = [trial.number for trial in trials if trial.state == TrialState.WAITING]
        return len(counted) < self.n_trials or any(
            counted.index(number) < self.n_trials for number in waiting
        )

    def _is_superfluous(self, trial: optuna.Trial) -> bool:
        """Whether another process has claimed the last trial, or the same one, before."""
        before = [t for t in self.trials() if t.number < trial.number]
        if sum(map(counts, before)) >= self.n_trials:
            return True
        for name in ("retry_of", "start"):
            origin = trial.user_attrs.get(name)
            same = (t for t in before if not is_interrupted(t) and t.user_attrs.get(name) == origin)
            if origin is not None and any(same):
                return True
        return False

    def _is_orphaned(self, trial: FrozenTrial) -> bool:
        """Whether the process of a running trial is dead."""
        if trial.number in self.own:
            return False
        owner = trial.user_attrs.get("owner")
        if owner is None:
            if self.queue:  # it is locked until a new trial has an owner
                return True
            start = trial.datetime_start or datetime.now()
            return (datetime.now() - start).total_seconds() > OWNER_SECONDS
        if owner["host"] != self.owner["host"]:
            return False
        with suppress(OSError), Path(owner["lock"]).open("r+") as file:
            _lock(file, wait=False)
            return True
        return not Path(owner["lock"]).exists()


def _lock(file: IO, wait: bool = True) -> None:
    """Lock a file until it is closed.

    Raises:
        OSError: Another process has locked it, and `wait` is False.
    """
    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
