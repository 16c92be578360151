"""What the search is worth: its surrogates, its pruners, and what it costs besides training.

table      train configurations drawn at random on a small set, and keep what they scored
surrogate  the best of 10, 20 and 40 proposals, by sampler, on a model of that table
pruning    training time and best value, by pruner: replayed on the table's learning curves
pair       one search with and one without the default pruner, both really trained
overhead   seconds a trial that are not training
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import optuna
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from process import ROOT
from rich.console import Console
from rich.progress import track
from rich.table import Table
from trials import CHARACTERS, COUNT, SIZE, SPLIT, SYMBOLS, TABLE, Trials, make_table, rows, search

from ocr.data.sources.synthetic import SyntheticCaptchas
from ocr.search.study import make_sampler
from ocr.training.auto import GRACE, fill_grace_epochs

SAMPLERS = ("random", "nsgaii", "cmaes", "tpe", "gp")
PRUNERS = ("none", "median", "percentile", "halving", "hyperband")
AFTER = (10, 20, 40)  # trials
LENGTH = 30  # trials of a replayed search
WIDTH = 110  # of a printed table, also in a pipe


def surrogate(repeats: int, samplers: list[str]) -> None:
    """Samplers on a random forest of the table (Eggensperger et al. 2015)."""
    from sklearn.ensemble import RandomForestRegressor

    trials = Trials.read()
    forest = RandomForestRegressor(100, min_samples_leaf=2, oob_score=True, random_state=0)
    forest.fit([trials.features(p) for p in trials.params], trials.scores)
    print(
        f"{len(trials.scores)} trials, scores {trials.scores.min():.3f} to "
        f"{trials.scores.max():.3f}, median {np.median(trials.scores):.3f}; "
        f"the forest explains {forest.oob_score_:.0%} of the variance of trials left out"
    )
    results = {name: [] for name in samplers}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for seed in track(range(repeats), "samplers"):
        for name in samplers:
            with initialize_config_dir(str(ROOT / "conf")):
                lines = [
                    "hparams_search=optuna",
                    f"hydra/sweeper/sampler={name}",
                    "hydra.sweep.dir=.",
                ]
                config = compose("train", overrides=lines, return_hydra_config=True)
            study = optuna.create_study(sampler=make_sampler(config.hydra.sweeper.sampler, seed, 0))
            study.enqueue_trial(trials.space.params())  # the default, as in any search
            for _ in range(1 + max(AFTER)):
                trial = study.ask()
                trials.space.suggest(trial)
                study.tell(trial, forest.predict([trials.features(trial.params)])[0])
            proposed = [trial.value for trial in study.trials[1:]]
            results[name].append([min(proposed[:n]) for n in AFTER])
    table = Table("sampler", *(f"best of {n} proposed" for n in AFTER), "beats random")
    random = np.array(results["random"])
    for name, found in results.items():
        found = np.array(found)
        quartiles = np.quantile(found, [0.25, 0.5, 0.75], axis=0)
        cells = [f"{m:.4f} ({a:.4f}-{b:.4f})" for a, m, b in quartiles.T]
        # Every run against every random one: the probability of the better result.
        wins = np.mean(found[:, -1][:, None] < random[:, -1][None])
        table.add_row(name, *cells, "" if name == "random" else f"{wins:.0%}")
    print(f"median (quartiles) of {repeats} searches each")
    Console(width=WIDTH).print(table)


def pruning(repeats: int) -> None:
    """Replay searches of LENGTH trials, drawn from the table, with each pruner."""
    trials = Trials.read()
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


def pair(trials: int, workers: int, overrides: list[str]) -> None:
    """The same study with the default pruner and without, really trained."""
    table = Table("pruner", "training, s", "wall, s", "complete", "pruned", "best val/cer")
    spent = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("none", "default"):
            folder = Path(scratch) / name
            chosen = () if name == "default" else (f"pruner={name}",)
            given = (f"hydra.sweeper.n_trials={trials}", *chosen, *overrides)
            wall = search(folder, *given, workers=workers)
            done = rows(folder)
            seconds = sum(float(row["seconds"] or 0) for row in done)
            states = [row["state"] for row in done]
            best = min(float(row["value"]) for row in done if row["state"] == "complete")
            counts = [str(states.count(state)) for state in ("complete", "pruned")]
            table.add_row(name, f"{seconds:.0f}", f"{wall:.0f}", *counts, f"{best:.4f}")
            spent.append(seconds)
    Console(width=WIDTH).print(table)
    print(f"training time with pruning: {spent[1] / spent[0]:.0%}")


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
    counts = {"table": 300, "surrogate": 20, "pruning": 200, "pair": 30, "overhead": 20}
    for name, count in counts.items():
        command = commands.add_parser(name)
        what = "--repeats" if name in ("surrogate", "pruning") else "--trials"
        command.add_argument(what, dest="count", type=int, default=count)
        if name in ("table", "pair"):
            command.add_argument("--workers", type=int, default=2)
            command.add_argument("overrides", nargs="*")
        if name == "table":
            command.add_argument("--out", type=Path, default=TABLE)
        if name == "overhead":
            command.add_argument("--images", type=int, default=COUNT)
        if name == "surrogate":
            command.add_argument("--samplers", nargs="+", default=SAMPLERS, choices=SAMPLERS)
    options = parser.parse_args()
    if options.command == "table":
        make_table(options.count, options.out, options.workers, options.overrides)
    elif options.command == "pair":
        pair(options.count, options.workers, options.overrides)
    elif options.command == "overhead":
        overhead(options.count, options.images)
    elif options.command == "surrogate":
        surrogate(options.count, options.samplers)
    else:
        pruning(options.count)


if __name__ == "__main__":
    main()
