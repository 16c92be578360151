"""What the search is worth: its surrogates, its pruners, and what it costs besides training.

table      train configurations drawn at random on a set, and keep what they scored
surrogate  the best of 10, 20 and 30 proposals, by sampler, on a model of each table
pruning    training time and best value, by pruner: replayed on a table's learning curves
overhead   seconds a trial that are not training
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import optuna
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from process import ROOT
from rich.console import Console
from rich.progress import track
from rich.table import Table
from search_sets import SETS
from trials import CHARACTERS, COUNT, SIZE, SPLIT, SYMBOLS, Trials, make_table, search, table_names

from ocr.data.sources.synthetic import SyntheticCaptchas
from ocr.search.study import make_sampler
from ocr.training.auto import GRACE, fill_grace_epochs

SAMPLERS = ("random", "cmaes", "tpe", "gp")
PRUNERS = ("none", "median", "percentile", "halving", "hyperband")
DRAWN = ("drawn", "synthetic")  # sets that need no --data
AFTER = (10, 20, 30)  # trials
LENGTH = 30  # trials of a replayed search
WIDTH = 110  # of a printed table, also in a pipe


def surrogate(repeats: int, samplers: list[str], with_default: bool) -> None:
    """Samplers on a random forest of each table (Eggensperger et al. 2015)."""
    from sklearn.ensemble import RandomForestRegressor

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    wins: dict[str, list[list[float]]] = {name: [] for name in samplers}
    for table in table_names():
        trials = Trials.read(table)
        forest = RandomForestRegressor(100, min_samples_leaf=2, oob_score=True, random_state=0)
        forest.fit([trials.features(p) for p in trials.params], trials.scores)
        print(
            f"{table}: {len(trials.scores)} trials, scores {trials.scores.min():.3f} to "
            f"{trials.scores.max():.3f}, median {np.median(trials.scores):.3f}; the forest "
            f"explains {forest.oob_score_:.0%} of the variance of trials left out"
        )
        found = {
            name: np.array(
                [
                    _search(trials, forest, name, seed, with_default)
                    for seed in track(range(repeats), f"{table}, {name}", transient=True)
                ]
            )
            for name in samplers
        }
        shown = Table("sampler", *(f"best of {n} proposed" for n in AFTER), "beats random")
        for name, values in found.items():
            quartiles = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
            cells = [f"{m:.4f} ({a:.4f}-{b:.4f})" for a, m, b in quartiles.T]
            # Every run against every random one: the probability of the better result.
            shares = [
                np.mean(v[:, None] < r[None]) + np.mean(v[:, None] == r[None]) / 2
                for v, r in zip(values.T, found["random"].T, strict=True)
            ]
            wins[name].append(shares)
            shown.add_row(name, *cells, ", ".join(f"{share:.0%}" for share in shares))
        Console(width=WIDTH).print(shown)
    shown = Table("sampler", *(f"beats random after {n}" for n in AFTER))
    for name, shares in wins.items():
        shown.add_row(name, *(f"{share:.0%}" for share in np.mean(shares, axis=0)))
    print(f"on average over the tables, {repeats} searches each")
    Console(width=WIDTH).print(shown)


def _search(
    trials: Trials, forest: Any, sampler: str, seed: int, with_default: bool
) -> list[float]:
    """Search with the forest in place of training; return the best values after each of AFTER."""
    with initialize_config_dir(str(ROOT / "conf")):
        lines = ["hparams_search=optuna", f"hydra/sweeper/sampler={sampler}", "hydra.sweep.dir=."]
        config = compose("train", overrides=lines, return_hydra_config=True)
    study = optuna.create_study(sampler=make_sampler(config.hydra.sweeper.sampler, seed, 0))
    if with_default:
        study.enqueue_trial(trials.space.params())
    for _ in range(with_default + max(AFTER)):
        trial = study.ask()
        trials.space.suggest(trial)
        study.tell(trial, forest.predict([trials.features(trial.params)])[0])
    proposed = [trial.value for trial in study.trials[with_default:]]
    return [min(proposed[:n]) for n in AFTER]


def pruning(repeats: int) -> None:
    """Replay searches of LENGTH trials, drawn from the table, with each pruner."""
    trials = Trials.read("synthetic")  # the only one with whole runs
    shares, lost = {name: [] for name in PRUNERS}, {name: [] for name in PRUNERS}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    epochs = max(map(len, trials.curves))
    for seed in track(range(repeats), "pruners"):
        others = np.random.default_rng(seed).permutation(range(1, len(trials.scores)))
        order = [0, *others[: LENGTH - 1]]  # the default first, as in any search
        for name in PRUNERS:
            with initialize_config_dir(str(ROOT / "conf")):
                lines = ["hparams_search=optuna", f"pruner={name}", "hydra.sweep.dir=."]
                lines.append(f"trainer.max_epochs={epochs}")
                config = compose("train", overrides=lines, return_hydra_config=True)
            settings = dict(config.hydra.sweeper.pruner)
            settings |= fill_grace_epochs(settings, GRACE)
            pruner = instantiate(settings, _execution_whitelist_=("optuna.pruners.*",))
            study = optuna.create_study(pruner=pruner)
            spent, best = 0.0, 1.0
            for i in order:
                trial = study.ask()
                for epoch, value in enumerate(trials.curves[i], start=1):
                    trial.report(value, epoch)
                    if epoch < epochs and trial.should_prune():
                        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                        break
                else:
                    study.tell(trial, trials.scores[i])
                    best = min(best, trials.scores[i])
                spent += trials.seconds[i] * epoch / len(trials.curves[i])
            shares[name].append(spent / trials.seconds[order].sum())
            lost[name].append(best - trials.scores[order].min())
    table = Table(
        "pruner", "training time", "best trial kept", "best value is worse by, on average"
    )
    for name in PRUNERS:
        kept = np.mean(np.array(lost[name]) <= 0)
        table.add_row(
            name, f"{median(shares[name]):.0%}", f"{kept:.0%}", f"{np.mean(lost[name]):.4f}"
        )
    print(f"{repeats} searches of {LENGTH} trials each")
    Console(width=WIDTH).print(table)


def overhead(trials: int, count: int) -> None:
    """What a trial costs besides training."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, images = Path(scratch) / "sweep", Path(scratch) / "images"
        images.mkdir()
        lines = ["file,label"]
        captchas = SyntheticCaptchas(
            count=count,
            symbols=SYMBOLS,
            length=CHARACTERS,
            image_width=SIZE[0],
            image_height=SIZE[1],
            seed=0,
        )
        for i, (name, text) in enumerate(zip(captchas.names, captchas.texts, strict=True)):
            captchas.draw(i).save(images / f"{name}.png")
            lines.append(f"{name}.png,{text}")
        (images / "labels.csv").write_text("\n".join(lines))
        labels = f"data.labels={images / 'labels.csv'}"
        data = ("data=folder", f"data.dir={images}", labels, *SPLIT)
        quick = ("trainer.max_epochs=2", "pruner=none", "hydra.sweeper.start_with_default=false")
        quick += ("hydra.sweeper.portfolio=[]",)
        search(folder, f"hydra.sweeper.n_trials={trials}", *data, *quick, workers=1)
        study = optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")
        first, *others = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
        wall = (others[-1].datetime_complete - first.datetime_complete).total_seconds()
        training = sum(
            json.loads((folder / str(t.number) / "metrics.json").read_text())["fit_seconds"]
            for t in others
        )
    print(
        f"{len(others)} trials, {wall:.1f} s: training {training:.1f} s; "
        f"the rest is {(wall - training) / len(others):.2f} s a trial"
    )


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, dest="command")
    counts = {"table": 81, "surrogate": 20, "pruning": 200, "overhead": 20}
    for name, count in counts.items():
        command = commands.add_parser(name)
        what = "--repeats" if name in ("surrogate", "pruning") else "--trials"
        command.add_argument(what, dest="count", type=int, default=count)
        if name == "table":
            command.add_argument("--set", choices=[*SETS, "synthetic"], required=True)
            command.add_argument("--data", type=Path, help="folder of zips")
            command.add_argument(
                "--scratch", type=Path, required=True, help="for images and trials"
            )
            command.add_argument("--out", type=Path, help="the table; by default, in tables/")
            command.add_argument("--workers", type=int, default=2)
            command.add_argument("overrides", nargs="*")
        if name == "overhead":
            command.add_argument("--images", type=int, default=COUNT)
        if name == "surrogate":
            command.add_argument("--samplers", nargs="+", default=SAMPLERS, choices=SAMPLERS)
            command.add_argument("--without-default", action="store_true")
    options = parser.parse_args()
    if options.command == "table" and options.data is None and options.set not in DRAWN:
        parser.error(f"--set {options.set} needs --data")
    if options.command == "table":
        make_table(
            options.set,
            options.count,
            options.data,
            options.scratch,
            options.out,
            options.workers,
            options.overrides,
        )
    elif options.command == "overhead":
        overhead(options.count, options.images)
    elif options.command == "surrogate":
        surrogate(options.count, options.samplers, not options.without_default)
    else:
        pruning(options.count)


if __name__ == "__main__":
    main()
