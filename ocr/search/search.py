"""Run the trials of a search: ask the study for values, train with them, record the scores."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import optuna
from omegaconf import DictConfig
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from ocr.config.hydra_errors import explain
from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import short_path
from ocr.search.budget import Budget
from ocr.search.coordinator import Coordinator
from ocr.search.launchers import jobs_at_once, kill_workers
from ocr.search.progress import Progress
from ocr.search.result_recorder import ResultRecorder
from ocr.search.result_writer import ResultWriter
from ocr.search.results import rank_trials, read_points
from ocr.search.space import Space
from ocr.search.storage import GRACE, lock_file
from ocr.search.study import check_settings, heartbeat, make_sampler, open_study
from ocr.search.trial_end import explain_failures, select_finished, trials_end_key
from ocr.search.trial_process import TrialFailure


class Search:
    """The trials of a study that this process runs; a context manager.

    Args:
        config: The sweep's config.
        launch: Runs jobs as a launcher of Hydra does; a job is a list of overrides.
        space: The searched space.

    Attributes:
        folder: The sweep's folder.
        objectives: Names in metrics.json.
        directions: "minimize" or "maximize" for each objective.
        n_jobs: The number of trials that run at once.
        budget: The time of the search.
        study: The study.
        coordinator: Claims trials for this process.
        progress: The live table.
        writer: Writes trials.csv and the report.

    Raises:
        UserError: A setting is wrong, or the study was made for another search.
    """

    def __init__(self, config: DictConfig, launch: Callable, space: Space) -> None:
        self.config = config
        self.settings = config.hydra.sweeper
        self.space = space
        self.folder = Path(config.hydra.sweep.dir).absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"hydra.sweep.dir={short_path(self.folder)} can't be made: {error.strerror}. "
                "Give another folder"
            ) from error
        check_settings(self.settings)
        self.objectives = list(self.settings.objectives)
        directions = self.settings.direction
        self.directions = [directions] if isinstance(directions, str) else list(directions)
        self.n_jobs = jobs_at_once(config)
        self.study = open_study(self.settings, space, self.directions, self.objectives)
        self.study.sampler = make_sampler(self.settings.sampler, config.seed)
        self.budget = Budget(self.settings.minutes, self.n_jobs)
        self._launch = launch
        self._recorder = ResultRecorder(self.study, self.objectives)
        self._mutex = threading.Lock()
        self._sampler_seeded = False
        self._ended = False
        self._interrupted = False

    def __enter__(self) -> "Search":
        queue = lock_file(self.settings.storage)
        self.coordinator = Coordinator(
            self.study, self.settings.n_trials, self.folder, queue, self._recorder.recover_result
        )
        self.progress = Progress(
            self.coordinator.trials,
            self.settings.n_trials,
            self.n_jobs,
            self.objectives,
            self.ranking,
            self.budget,
            self._n_final_runs(),
        )
        self.writer = ResultWriter(
            self.space, self.objectives, self.directions, self.folder, self.progress.info
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.coordinator.close()

    def run(self) -> bool:
        """Run trials until the study has enough.

        Returns:
            Whether this process is to select the winner, because no other still runs a trial.

        Raises:
            UserError: Too many trials failed; with the reasons.
        """
        points = self._starting_points()
        self.coordinator.start_with(points)
        n_trials = self.settings.n_trials
        if len(points) > n_trials:
            self.progress.info(
                f"hydra.sweeper.n_trials={n_trials} leaves out {len(points) - n_trials} of "
                f"{len(points)} starting points"
            )
        done = len(select_finished(self.coordinator.trials()))
        if done >= n_trials:
            self.progress.info(
                f"the study has {pluralize(done, 'finished trial')}: to run more, raise "
                f"hydra.sweeper.n_trials={n_trials}"
            )
        else:
            self.progress.info(
                f"trials to run: {n_trials - done}, {self.n_jobs} at once; to continue after an "
                f"interruption, add hydra.sweep.dir={short_path(self.folder)} to the same command"
            )
            self._publish_trials_end()
            try:
                with self.progress:
                    self._run_all()
            except KeyboardInterrupt:
                self.handle_interrupt()
                raise
            finally:
                self.writer.save(self.coordinator.trials(), final=True)
        elsewhere = self.coordinator.running_elsewhere()
        if elsewhere:
            running = pluralize(len(elsewhere), "trial is", "trials are")
            self.progress.info(
                f"{running} still running ({', '.join(map(str, elsewhere))}) in other processes; "
                "the last of them selects the winner"
            )
        return not elsewhere

    def ranking(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Sort the complete trials, best first; return the Pareto front of several objectives."""
        if len(self.directions) > 1:
            return self.study.best_trials
        return rank_trials(trials, self.directions[0])

    def launch(self, overrides: Sequence[str], subdir: str, number: int) -> str | None:
        """Run one job.

        Args:
            overrides: The job's overrides.
            subdir: The job's run folder, relative to the sweep's folder.
            number: The job's number for Hydra.

        Returns:
            The reason why it failed, or None.
        """
        try:
            [job] = self._launch([(*overrides, f"hydra.sweep.subdir={subdir}")], number)
            result = job.return_value
        except Exception as error:  # from the launcher
            return f"{type(error).__name__}: {explain(error)}"
        return result.reason if isinstance(result, TrialFailure) else None

    def handle_interrupt(self) -> None:
        """After Ctrl-C, fail the running trials and print how to continue."""
        self._ended = self._interrupted = True
        if self.n_jobs > 1:  # they would continue to write to the study
            kill_workers(self.config)
        try:
            for trial in self.coordinator.trials():
                if trial.number in self.coordinator.own and trial.state == TrialState.RUNNING:
                    self.study.tell(trial.number, state=TrialState.FAIL)
            self.writer.save(self.coordinator.trials())
        except (StorageInternalError, SQLAlchemyError):
            pass  # such as a locked database; the next process of the study fails the trials
        self.progress.info(
            "interrupted; to continue, run the same command with "
            f"hydra.sweep.dir={short_path(self.folder)}"
        )
        if self.n_jobs > 1:  # otherwise Python waits for the launcher's threads
            self.coordinator.close()
            os._exit(130)

    def _n_final_runs(self) -> int:
        """Return the largest number of runs with fresh seeds after the trials."""
        if not self.settings.top_k or len(self.objectives) > 1:
            return 0
        return (self.settings.top_k + self.settings.start_with_default) * self.settings.top_seeds

    def _starting_points(self) -> list[dict[str, Any]]:
        """Return the default, the best trials of earlier searches, and the portfolio."""
        points = [self.space.params()] if self.settings.start_with_default else []
        given = self.settings.start_from
        for path in [given] if isinstance(given, str) else given or []:
            maximize = self.directions[0] == "maximize"
            points += read_points(path, self.space, self.settings.start_from_best, maximize)
        portfolio = [dict(settings) for settings in self.settings.portfolio or []]
        fitting = [settings for settings in portfolio if self.space.has(settings)]
        if left_out := len(portfolio) - len(fitting):
            self.progress.info(
                f"{left_out} of {pluralize(len(portfolio), 'configuration')} in "
                "hydra.sweeper.portfolio are outside of the searched space and are left out"
            )
        room = max(0, self.settings.n_trials - len(points))
        return points + [self.space.params(settings) for settings in fitting[:room]]

    def _run_all(self) -> None:
        """Run trials one after another, or in as many threads as trials run at once."""
        if self.n_jobs == 1:
            self._run_trials()
            return
        # A `with` statement would wait for the running trials after Ctrl-C.
        pool = ThreadPoolExecutor(self.n_jobs)
        futures = [pool.submit(self._run_trials) for _ in range(self.n_jobs)]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        self._ended = True
        if any(isinstance(future.exception(), KeyboardInterrupt) for future in done):
            raise KeyboardInterrupt
        for future in futures:
            future.result()

    def _run_trials(self) -> None:
        while not (self._ended or self._is_time_up()):
            trial = self.coordinator.claim()
            if trial is None:
                return
            start = time.monotonic()
            with heartbeat(self.study, trial):
                with self._mutex:
                    settings = self._suggest(trial)
                words = [*self.space.overrides(settings), f"callbacks.trial.number={trial.number}"]
                if self.budget.end is not None:
                    words.append(f"callbacks.trial.deadline={self.budget.end}")
                failure = self.launch(words, str(trial.number), trial.number)
            with self._mutex:
                if self._interrupted:  # the interruption has ended the trial
                    return
                self._finish(trial, failure, time.monotonic() - start)

    def _trials_end(self) -> float | None:
        return self.progress.trials_end(self.coordinator.trials())

    def _publish_trials_end(self) -> None:
        """Tell the running trials when to stop, which the later trials estimate better."""
        if (end := self._trials_end()) is not None:
            self.study.set_user_attr(trials_end_key(self.coordinator.owner), end)

    def _is_time_up(self) -> bool:
        end = self._trials_end()
        return end is not None and time.time() >= end

    def _suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        if not self._sampler_seeded:  # by the trial's number, which no other process has
            seed = self.config.seed
            self.study.sampler = make_sampler(self.settings.sampler, seed, trial.number)
            self._sampler_seeded = True
        return self.space.suggest(trial)

    def _finish(self, trial: optuna.Trial, failure: str | None, seconds: float) -> None:
        """Record a trial's result and show it."""
        if failure is None:
            self.progress.show_data(Path(trial.user_attrs["folder"]))
        try:
            self._recorder.record(trial, failure)
        except UpdateFinishedTrialError:  # such as after the machine slept
            self.progress.info(
                f"trial {trial.number} sent no heartbeat for {GRACE} s: its values are tried again"
            )
        self._ended |= getattr(self.study.sampler, "exhausted", False)
        self.coordinator.release(trial.number)
        self._publish_trials_end()
        trials = self.coordinator.trials()
        self.writer.save(trials)
        self.progress.show(trial.number, trials, seconds)
        if reason := explain_failures(
            trials, self.settings.n_trials, self.settings.max_failure_rate
        ):
            self._ended = True
            raise UserError(reason)
