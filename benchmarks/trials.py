"""Stored tables of real trials, and how a sweep is started to get one."""

import csv
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from search_sets import SETS
from training import ROOT

from ocr.config.resolvers import register_resolvers
from ocr.search.space import Space
from ocr.search.space_config import read_space

TABLES = Path(__file__).with_name("tables")
# 400 captchas of two digits: a trial takes seconds, and few configurations read them all.
COUNT, SYMBOLS, CHARACTERS, SIZE = 400, "0123456789", 2, (60, 30)
SPLIT = ("data.height=24", "data.min_images=1", "data.val_size=0.3", "data.test_size=0")
SMALL = (
    "data=synthetic",
    f"data.count={COUNT}",
    f"data.symbols='{SYMBOLS}'",
    f"data.length={CHARACTERS}",
    f"data.image_width={SIZE[0]}",
    f"data.image_height={SIZE[1]}",
    *SPLIT,
)
RANDOM = (
    "hydra/sweeper/sampler=random",
    "pruner=none",
    "callbacks.early_stopping=null",
    "hydra.sweeper.max_failure_rate=1",
    "hydra.sweeper.portfolio=[]",
)


def search(folder: Path, *overrides: str, workers: int = 2) -> float:
    """Run a sweep of the small set, or the data that is given, in `folder`; returns its seconds."""
    data = () if any(override.startswith("data=") for override in overrides) else SMALL
    command = [sys.executable, str(ROOT / "train.py"), "-m", "hparams_search=optuna", *data]
    command += ["hydra.sweeper.top_k=0", f"hydra.sweep.dir={folder}", *overrides]
    command.append(f"hydra.sweeper.n_jobs={workers}")
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - start


def rows(folder: Path) -> list[dict[str, str]]:
    """Lines of a sweep's trials.csv."""
    with (folder / "trials.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_names() -> list[str]:
    """Names of the tables that are stored."""
    return sorted(path.stem for path in TABLES.glob("*.csv"))


def make_table(
    name: str,
    trials: int,
    data: Path | None,
    scratch: Path,
    out: Path | None,
    workers: int,
    overrides: list[str],
) -> None:
    """Train the default and random configurations to the end, and write the table of a set.

    Args:
        name: Of the set, in SETS, or "synthetic".
        trials: How many, with the default.
        data: The folder of zips.
        scratch: Where images and the sweep go; what is there already goes on.
        out: The file; None: the stored table.
        workers: Trials at once.
        overrides: More of them.
    """
    given = SETS[name].prepare(data, scratch) if name in SETS else [*SMALL, "trainer.max_epochs=24"]
    folder = scratch / f"sweep_{name}"
    words = (*RANDOM, f"hydra.sweeper.n_trials={trials}", *given, *overrides)
    search(folder, *words, workers=workers)
    keep(folder, out or TABLES / f"{name}.csv")


def keep(folder: Path, path: Path) -> None:
    """Write at `path`: values, score, seconds and learning curve of a sweep's whole trials."""
    table = [row for row in rows(folder) if row["state"] == "complete" and not row["reason"]]
    for row in table:
        with (folder / row["number"] / "metrics.csv").open(newline="") as file:
            curve = [r["val/cer"] for r in csv.DictReader(file) if r["val/cer"]]
        row["curve"] = " ".join(f"{float(value):.4f}" for value in curve)
    dropped = ("number", "state", "checkpoint", "reason", "value", "cpu_ms", "parameters")
    keys = [key for key in table[0] if key not in dropped]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, keys, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    print(f"{len(table)} trials in {path.name}")


@dataclass
class Trials:
    """The table: configurations, and what came of them."""

    space: Space
    params: list[dict]
    scores: np.ndarray
    seconds: np.ndarray
    curves: list[list[float]]

    @classmethod
    def read(cls, name: str) -> "Trials":
        """Of the table of a set, in the shipped space."""
        register_resolvers()
        arguments = ["hparams_search=optuna", *SMALL]
        with initialize_config_dir(str(ROOT / "conf")):

            def composed(lines: list[str]) -> OmegaConf:
                return compose("train", overrides=lines, return_hydra_config=True)

            sweeper = composed([*arguments, "hydra.sweep.dir=."]).hydra.sweeper
            options = GlobalHydra.instance().config_loader().get_group_options
            declared = OmegaConf.to_container(sweeper.params)
            space = read_space(declared, arguments, composed, options)
        with (TABLES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        keys = {value.key for value in space.values}
        parse = OverridesParser.create().parse_override
        given = [
            {k: parse(f"{k}={v}").value() for k, v in r.items() if k in keys and v} for r in table
        ]
        return cls(
            space,
            [
                {k: v for k, v in space.params(g).items() if k in space.relevant(space.params(g))}
                for g in given
            ],
            np.array([float(row["val/cer"]) for row in table]),
            np.array([float(row["seconds"]) for row in table]),
            [[float(value) for value in row["curve"].split()] for row in table],
        )

    def features(self, params: dict) -> list[float]:
        """A configuration as numbers: itself, or one a category; -1 where it does not matter."""
        relevant = set(self.space.relevant(params))
        numbers = []
        for value in self.space.values:
            there = value.name in relevant and value.name in params
            choices = getattr(value.distribution, "choices", None)
            if choices:
                numbers += [float(there and params[value.name] == c) for c in choices]
            elif there:
                x = params[value.name]
                numbers.append(np.log(x) if value.distribution.log else x)
            else:
                numbers.append(-1.0)
        return numbers
