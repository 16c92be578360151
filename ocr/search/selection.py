"""Select the winner of a search over several seeds, test it once, and save it."""

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from ocr.config.overrides import quote_value
from ocr.config.program import ocr_command, train_command
from ocr.errors import UserError
from ocr.formatting import format_score, pluralize
from ocr.log import short_path
from ocr.search.comparison import Comparison, compare
from ocr.search.experiment_config import write_experiment
from ocr.search.results import metrics_of, replace_file
from ocr.search.search import Search
from ocr.search.trial_end import reason_of
from ocr.training.run_folder import read_metrics


def select_winner(search: Search, options_of: Callable[[str], Sequence[str]]) -> None:
    """Select the winner, test it, write best.ckpt and best.yaml, and print how to use them.

    Args:
        search: The search, whose trials have finished.
        options_of: Lists the options of a config group; returns none for any other key.

    Raises:
        UserError: No trial is complete, or the winner cannot be tested.
    """
    try:
        _select_winner(search, options_of)
    except KeyboardInterrupt:
        search.handle_interrupt()
        raise


def _select_winner(search: Search, options_of: Callable[[str], Sequence[str]]) -> None:
    trials = search.coordinator.trials()
    ranking = search.ranking(trials)
    if not ranking:
        if search.budget.end is not None and not any(t.state.is_finished() for t in trials):
            minutes = search.settings.minutes
            raise UserError(f"hydra.sweeper.minutes={minutes} is too short for a trial: give more")
        reasons = dict.fromkeys(reason_of(trial) for trial in trials)
        raise UserError(f"no trial was completed: {'; '.join(filter(None, reasons))}")
    if len(search.objectives) > 1:
        signs = [-1 if direction == "maximize" else 1 for direction in search.directions]
        ranking.sort(key=lambda t: [sign * v for sign, v in zip(signs, t.values, strict=True)])
        _show_front(search, ranking)
        winner, runs = ranking[0], dict[int, list[Path]]()
    else:
        winner, runs = _choose(search, ranking)
    own_runs = runs.get(winner.number, [])
    checkpoint = _best_checkpoint(search, winner, own_runs)
    metrics = _test(search, winner, checkpoint)
    if search.settings.retrain:
        checkpoint = search.folder / _final(winner) / "best.ckpt"
    replace_file(search.folder / "best.ckpt", checkpoint.read_bytes())
    final_metrics = search.folder / _final(winner) / "metrics.json"
    replace_file(search.folder / "metrics.json", final_metrics.read_bytes())
    write_experiment(search, winner, options_of)
    gain = _compare_with_default(search, winner, ranking, runs)
    _conclude(search, winner, own_runs, metrics, gain)


def _choose(
    search: Search, ranking: list[FrozenTrial]
) -> tuple[FrozenTrial, dict[int, list[Path]]]:
    """Return the best of the finalists over fresh seeds, and the folders of the finalists' runs.

    The finalists are the best trials and the default. Their scores in the search do not count,
    because the best of many trials on few images is often the one with the luckiest seed.
    """
    from ocr.models.metrics import has_not_learned  # takes a second to import

    seeds = range(search.config.seed + 1, search.config.seed + 1 + search.settings.top_seeds)
    finalists = ranking[: search.settings.top_k]
    finalists += [t for t in ranking if _is_default(search, t) and t not in finalists]
    finalists = [t for t in finalists if not has_not_learned(metrics_of(t))]
    if not search.settings.top_k or not seeds:
        return ranking[0], {}
    if len(finalists) < 2:
        if finalists:
            search.progress.info(
                f"only trial {finalists[0].number} reads anything, so it is not compared with "
                "others over fresh seeds"
            )
        return (finalists or ranking)[0], {}
    finalists, seeds = _within_budget(search, finalists, seeds)
    if not seeds:
        search.progress.info(
            "no time is left for the finals: the winner is the best trial of the search. Give more "
            "hydra.sweeper.minutes"
        )
        return ranking[0], {}
    search.progress.info(
        f"training the best {len(finalists)} trials again with "
        f"{pluralize(len(seeds), 'fresh seed')}: {', '.join(str(t.number) for t in finalists)}"
    )
    jobs = [(trial, seed) for trial in finalists for seed in seeds]
    if search.n_jobs == 1:
        folders = [_rerun(search, *job) for job in jobs]
    else:
        # A `with` statement would wait for the running jobs after Ctrl-C.
        pool = ThreadPoolExecutor(search.n_jobs)
        folders = list(pool.map(lambda job: _rerun(search, *job), jobs))
    runs: dict[int, list[Path]] = {trial.number: [] for trial in finalists}
    for (trial, _), folder in zip(jobs, folders, strict=True):
        if folder:
            runs[trial.number].append(folder)
    scored = [trial for trial in finalists if runs[trial.number]] or finalists[:1]
    scored.sort(key=lambda trial: _average(search, runs[trial.number]))
    _show_finalists(search, scored, runs)
    return scored[0], runs


def _within_budget(
    search: Search, finalists: list[FrozenTrial], seeds: range
) -> tuple[list[FrozenTrial], range]:
    """Leave out the finalists and seeds for which no time is left; the default stays."""
    default = [trial for trial in finalists if _is_default(search, trial)]
    others = [trial for trial in finalists if trial not in default]
    seconds = {t.number: t.duration.total_seconds() for t in finalists if t.duration}
    n_best, n_seeds = search.budget.plan_finals(
        [seconds[trial.number] for trial in others],
        seconds[default[0].number] if default else None,
        len(seeds),
    )
    kept = [*others[:n_best], *default]
    return [trial for trial in finalists if trial in kept], seeds[:n_seeds]


def _is_default(search: Search, trial: FrozenTrial) -> bool:
    return search.settings.start_with_default and trial.user_attrs.get("start") == 0


def _rerun(search: Search, trial: FrozenTrial, seed: int) -> Path | None:
    """Train a trial with another seed, unless that is done.

    Returns:
        The run folder; None if the run failed.
    """
    subdir = f"finals/{trial.number}_seed_{seed}"
    folder = search.folder / subdir
    if read_metrics(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)  # of a search that was killed
        words = [*_settings(search, trial), f"seed={seed}"]
        limited = any(word.startswith("trainer.max_time=") for word in words)  # by the user
        if not limited and (max_time := search.budget.max_time()):
            words.append(f"trainer.max_time={max_time}")
        failure = search.launch(words, subdir, trial.number)
        if failure:
            search.progress.info(f"trial {trial.number} with seed {seed} failed: {failure}")
            return None
    return folder


def _average(search: Search, folders: Sequence[Path]) -> tuple[float, float]:
    """Return the mean objective of runs, negated if higher is better, and their mean loss."""
    if not folders:
        return math.inf, math.inf
    metrics = [_metrics_in(folder) for folder in folders]
    sign = -1 if search.directions[0] == "maximize" else 1
    name = search.objectives[0]
    return sign * mean(m[name] for m in metrics), mean(m["val/loss"] for m in metrics)


def _metrics_in(folder: Path) -> dict[str, Any]:
    metrics = read_metrics(folder)
    if metrics is None:
        raise UserError(f"{folder / 'metrics.json'} is missing or damaged")
    return metrics


def _best_checkpoint(search: Search, winner: FrozenTrial, runs: Sequence[Path]) -> Path:
    folders = runs or [Path(winner.user_attrs["folder"])]
    return min(folders, key=lambda folder: _average(search, [folder])) / "best.ckpt"


def _final(winner: FrozenTrial) -> str:
    return f"finals/{winner.number}_test"


def _test(search: Search, trial: FrozenTrial, checkpoint: Path) -> dict[str, Any]:
    """Test a trial, unless that is done; with hydra.sweeper.retrain, train it anew before."""
    folder = search.folder / _final(trial)
    if (metrics := read_metrics(folder)) is not None:
        return metrics
    words = _settings(search, trial)
    if search.settings.retrain:
        search.progress.info(f"training trial {trial.number} on training and validation images")
        words += ["data.train_on_val=true", "callbacks.early_stopping=null"]
    else:
        words += ["fit=false", "init_from=null", f"ckpt_path={quote_value(str(checkpoint))}"]
    failure = search.launch([*words, "test=true"], _final(trial), trial.number)
    if failure:
        raise UserError(f"trial {trial.number} can't be tested: {failure}")
    return _metrics_in(folder)


def _compare_with_default(
    search: Search,
    winner: FrozenTrial,
    ranking: Sequence[FrozenTrial],
    runs: Mapping[int, Sequence[Path]],
) -> Comparison | None:
    """Test the default, too, and compare it with the winner; None if that is impossible."""
    default = next((trial for trial in ranking if _is_default(search, trial)), None)
    if default in (None, winner) or search.settings.retrain:
        return None
    try:
        _test(search, default, _best_checkpoint(search, default, runs.get(default.number, [])))
    except UserError as error:  # the winner stands without it
        search.progress.info(str(error))
        return None
    tests = [search.folder / _final(trial) / "predictions.csv" for trial in (winner, default)]
    return compare(*tests) if all(path.exists() for path in tests) else None


def _settings(search: Search, trial: FrozenTrial) -> list[str]:
    overrides = search.space.overrides(search.space.settings(trial.params))
    return [*overrides, "callbacks.trial=null"]


def _show_finalists(
    search: Search, finalists: Sequence[FrozenTrial], runs: dict[int, list[Path]]
) -> None:
    name = search.objectives[0]
    table = Table("trial", f"{name} in the search", "with fresh seeds", "mean", "", box=None)
    for trial in finalists:
        values = [_metrics_in(folder)[name] for folder in runs[trial.number]]
        table.add_row(
            str(trial.number),
            format_score(trial.values[0]),
            ", ".join(map(format_score, values)),
            format_score(mean(values)) if values else "",
            "the default" if _is_default(search, trial) else "",
        )
    search.progress.console.print(table)


def _show_front(search: Search, front: Sequence[FrozenTrial]) -> None:
    table = Table("trial", *search.objectives, box=None)
    for trial in front:
        table.add_row(str(trial.number), *map(format_score, trial.values))
    search.progress.console.print("the Pareto front: no other trial is better in all objectives")
    search.progress.console.print(table)


def _conclude(
    search: Search,
    winner: FrozenTrial,
    runs: Sequence[Path],
    metrics: dict[str, Any],
    gain: Comparison | None,
) -> None:
    """Print the winner and how to use it, and add it to the report."""
    from ocr.models.metrics import has_not_learned  # takes a second to import

    trials = search.coordinator.trials()
    done = sum(trial.state == TrialState.COMPLETE for trial in trials)
    folder = short_path(search.folder)
    which = f"trial {winner.number}{', the default,' if _is_default(search, winner) else ''}"
    summary = {"winner": f"{which} of {pluralize(done, 'complete trial')}"}
    if "test/exact_match" in metrics:
        low, high = metrics["test/exact_match_ci95"]
        summary["test"] = (
            f"{pluralize(metrics['images_test'], 'image')} that no trial has seen: exact match "
            f"{metrics['test/exact_match']:.1%} ({low:.1%} to {high:.1%}), character errors "
            f"{metrics['test/cer']:.2%}"
        )
    if gain:
        summary["gain"] = f"over the default, {gain}"
    summary |= {
        "checkpoint": f"{folder}/best.ckpt",
        "trials": f"{folder}/trials.csv, plots in {folder}/report/index.html",
        "read with": f"{ocr_command()} read {folder}/best.ckpt IMAGE_OR_FOLDER",
        "train again": f"{train_command()} --config-dir {folder} experiment=best",
    }
    for name, text in summary.items():
        search.progress.info(f"{name:<11} {text}")
    if has_not_learned(metrics):
        search.progress.info(
            "nothing was learnt: even the winner reads no image right, and hardly a character. "
            f"Check the images with {ocr_command()} doctor PATH, or raise trainer.max_epochs or "
            "hydra.sweeper.n_trials"
        )
    del summary["trials"]  # the report needs no link to itself
    if runs:
        name = search.objectives[0]
        values = [_metrics_in(folder)[name] for folder in runs]
        scores = ", ".join(map(format_score, values))
        summary["fresh seeds"] = f"{name} {format_score(mean(values))} on average ({scores})"
    search.writer.add_winner(trials, summary)
