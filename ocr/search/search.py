"""The search: ask the study for values, train with them, tell it what they scored."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from hydra.core.utils import JobStatus
from omegaconf import DictConfig
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages._heartbeat import get_heartbeat_thread
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from ocr.config.hydra_errors import explain
from ocr.errors import UserError
from ocr.log import shown
from ocr.pluralize import pluralize
from ocr.search.coordinator import Coordinator, counts
from ocr.search.launchers import end_workers, jobs_at_once
from ocr.search.progress import Progress
from ocr.search.result_recorder import ResultRecorder
from ocr.search.result_writer import ResultWriter
from ocr.search.results import read_points, reason
from ocr.search.space import Space
from ocr.search.storage import GRACE, lock_file, one_transaction
from ocr.search.study import make_sampler, open_study, require_sense, tell

JUDGED_AFTER = 5  # trials; before, a failure is not yet a share


class Search:
    """One process' part in a study.

    config: of the sweep. launch: runs jobs, each a list of overrides. space: what to search.
    said: lines on the data that needn't be said again.
    """

    def __init__(
        self, config: DictConfig, launch: Callable, space: Space, said: Collection[str] = ()
    ) -> None:
        self.config = config
        self.settings = config.hydra.sweeper
        self.space = space
        self.said = said
        self.folder = Path(config.hydra.sweep.dir).absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"hydra.sweep.dir={shown(self.folder)} can't be made: {error.strerror}. "
                "Give another one"
            ) from error
        require_sense(self.settings)
        self.objectives = list(self.settings.objectives)
        directions = self.settings.direction
        self.directions = [directions] if isinstance(directions, str) else list(directions)
        self.n_jobs = jobs_at_once(config)
        self.study = open_study(self.settings, space, self.directions, self.objectives)
        self.study.sampler = make_sampler(self.settings.sampler, config.seed)
        self._seeded = False
        self._introduced = False
        self.deadline = None
        if self.settings.minutes is not None:
            self.deadline = time.time() + 60 * self.settings.minutes
        self._launch = launch
        self._outcomes = ResultRecorder(self.study, self.objectives)
        self._mutex = threading.Lock()
        self._over = False
        self._interrupted = False

    def __enter__(self) -> "Search":
        queue = lock_file(self.settings.storage)
        self.coordinator = Coordinator(
            self.study, self.settings.n_trials, self.folder, queue, self._outcomes.recover_result
        )
        self.board = Progress(
            self.coordinator.trials,
            self.settings.n_trials,
            self.n_jobs,
            self.objectives,
            self.ranking,
            self.deadline,
            self._finals(),
        )
        self.saver = ResultWriter(
            self.space, self.objectives, self.directions, self.folder, self.board.info
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.coordinator.close()

    def run(self) -> bool:
        """Run trials until there are enough; returns whether this process is the last one.

        Raises UserError with the reasons if too many fail.
        """
        points = self._starting_points()
        self.coordinator.start_with(points)
        if len(points) > self.settings.n_trials:
            self.board.info(
                f"hydra.sweeper.n_trials={self.settings.n_trials} leaves out "
                f"{len(points) - self.settings.n_trials} of {len(points)} starting points"
            )
        done = sum(
            trial.state.is_finished() and counts(trial) for trial in self.coordinator.trials()
        )
        if done >= self.settings.n_trials:
            self.board.info(
                f"the study holds {pluralize(done, 'finished trial')}: hydra.sweeper.n_trials="
                f"{self.settings.n_trials} asks for no more"
            )
        else:
            self.board.info(
                f"trials to run: {self.settings.n_trials - done}, {self.n_jobs} at once; if this "
                "is interrupted, the same command with "
                f"hydra.sweep.dir={shown(self.folder)} goes on"
            )
            try:
                with self.board:
                    self._work()
            except KeyboardInterrupt:
                self.interrupted()
                raise
            finally:
                self.saver.save(self.coordinator.trials(), final=True)
        elsewhere = self.coordinator.running_elsewhere()
        if elsewhere:
            running = pluralize(len(elsewhere), "trial is", "trials are")
            self.board.info(
                f"{running} still running ({', '.join(map(str, elsewhere))}) in other processes; "
                "the last process to end picks the winner"
            )
        return not elsewhere

    def ranking(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """The complete ones, the best first; with several objectives the study's Pareto front."""
        if len(self.directions) > 1:
            return self.study.best_trials
        done = [t for t in trials if t.state == TrialState.COMPLETE]
        sign = -1 if self.directions[0] == "maximize" else 1
        # Small validation parts make equal scores; the loss tells them apart.
        return sorted(done, key=lambda t: (sign * t.value, t.user_attrs["metrics"]["val/loss"]))

    def launch(self, overrides: Sequence[str], subdir: str, number: int) -> str | None:
        """Run one job in `folder`/`subdir`; returns why it failed, or None."""
        try:
            [job] = self._launch([(*overrides, f"hydra.sweep.subdir={subdir}")], number)
        except Exception as error:  # the launcher lost it
            return f"{type(error).__name__}: {explain(error)}"
        # JobReturn.return_value would print, and raise, what is only to be recorded.
        return None if job.status == JobStatus.COMPLETED else explain(job._return_value)

    def interrupted(self) -> None:
        """After Ctrl-C: leave the study in order, and say how to go on."""
        self._over = self._interrupted = True
        if self.n_jobs > 1:  # or what still runs would go on writing to the study
            end_workers(self.config)
        try:
            for trial in self.coordinator.trials():
                if trial.number in self.coordinator.own and trial.state == TrialState.RUNNING:
                    tell(self.study, trial.number, state=TrialState.FAIL)
            self.saver.save(self.coordinator.trials())
        except (StorageInternalError, SQLAlchemyError):
            pass  # a storage that is busy; the next process to open the study finds them ownerless
        self.board.info(
            "interrupted; to go on, give the same command with "
            f"hydra.sweep.dir={shown(self.folder)}"
        )
        if self.n_jobs > 1:  # the launcher's threads would wait for trials that nobody wants
            self.coordinator.close()
            os._exit(130)

    def _finals(self) -> int:
        """Runs with fresh seeds after the trials, at most."""
        wanted = self.settings.top_k + self.settings.start_with_default
        one = self.settings.top_k and len(self.objectives) == 1
        return wanted * self.settings.top_seeds if one else 0

    def _starting_points(self) -> list[dict]:
        points = [self.space.params()] if self.settings.start_with_default else []
        given = self.settings.start_from
        for path in [given] if isinstance(given, str) else given or []:
            maximize = self.directions[0] == "maximize"
            points += read_points(path, self.space, self.settings.start_from_best, maximize)
        return points

    def _work(self) -> None:
        if self.n_jobs == 1:
            self._run_trials()
            return
        # Not in a `with`, which after Ctrl-C would wait for the trials that are running.
        pool = ThreadPoolExecutor(self.n_jobs)
        futures = [pool.submit(self._run_trials) for _ in range(self.n_jobs)]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        self._over = True
        if any(isinstance(future.exception(), KeyboardInterrupt) for future in done):
            raise KeyboardInterrupt
        for future in futures:
            future.result()

    def _run_trials(self) -> None:
        while not self._ended():
            trial = self.coordinator.claim()
            if trial is None:
                return
            start = time.monotonic()
            with get_heartbeat_thread(trial._trial_id, self.study._storage):
                with self._mutex:
                    settings = self._suggest(trial)
                words = [*self.space.overrides(settings), f"callbacks.trial.number={trial.number}"]
                if self.deadline is not None:
                    words.append(f"callbacks.trial.deadline={self.deadline}")
                failure = self.launch(words, str(trial.number), trial.number)
            with self._mutex:
                if self._interrupted:  # this trial didn't fail by itself
                    return
                if failure is None:
                    self._introduce(Path(trial.user_attrs["folder"]))
                try:
                    self._outcomes.record(trial, failure)
                except UpdateFinishedTrialError:  # asleep too long, it was taken for dead
                    self.board.info(
                        f"trial {trial.number} gave no sign of life for {GRACE} s: tried again"
                    )
                self.coordinator.release(trial.number)
                trials = self.coordinator.trials()
                self.saver.save(trials)
                self.board.ended(trial.number, trials, time.monotonic() - start)
                self._give_up_if_hopeless(trials)

    def _ended(self) -> bool:
        late = self.deadline is not None and time.time() >= self.deadline
        return self._over or self._outcomes.exhausted or late

    def _introduce(self, folder: Path) -> None:
        """Say what the first good trial said of the data: it holds for all."""
        if self._introduced:
            return
        self._introduced = of_all = True
        with suppress(OSError):
            for line in (folder / "train.log").read_text(encoding="utf-8").splitlines():
                # What follows on what the data chose is of that trial, but for one thing.
                if line not in self.said and (of_all or " left out: " in line):
                    self.board.info(line)
                of_all &= not line.startswith(("chosen by the data", "┏"))  # or its closing table

    def _suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        if not self._seeded:  # by a number of our own, or processes would propose the same
            seed = self.config.seed
            self.study.sampler = make_sampler(self.settings.sampler, seed, trial.number)
            self._seeded = True
        with one_transaction(self.study):
            return self.space.suggest(trial)

    def _give_up_if_hopeless(self, trials: Sequence[FrozenTrial]) -> None:
        trials = [t for t in trials if t.state.is_finished() and counts(t)]
        failed = [t for t in trials if t.state == TrialState.FAIL]
        total = max(len(trials), min(JUDGED_AFTER, self.settings.n_trials))
        if len(failed) > self.settings.max_failure_rate * total:
            self._over = True
            reasons = Counter(map(reason, failed)).most_common()
            words = "; ".join(f"{text} ({pluralize(count, 'time')})" for text, count in reasons)
            raise UserError(
                f"{len(failed)} of {pluralize(len(trials), 'trial')} failed, more than "
                f"hydra.sweeper.max_failure_rate={self.settings.max_failure_rate} allows: {words}"
            )
