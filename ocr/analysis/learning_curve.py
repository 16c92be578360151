"""Learning curve: train on more and more labels, and forecast the scores with even more."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ocr.analysis.experiment import Experiment
from ocr.analysis.power_law import MIN_SIZES, Forecast, NoForecast, forecast
from ocr.analysis.runs import Run, Runs
from ocr.analysis.scores import compute_scores
from ocr.data.datamodule import OCRDataModule
from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.training.auto import stride

DEFAULT_SIZES = 5  # from an eighth of the training images to all of them
FORECAST_FACTORS = (2, 4)  # of the largest number of labels


def measure_learning_curve(
    folder: Path,
    labels: str | None,
    sizes: Sequence[int],
    seeds: int,
    out: Path | None,
    overrides: Sequence[str],
) -> None:
    """Train on nested subsets, test all models on the same images, and extrapolate.

    Writes curve.json and curve.png, and prints a table.

    Args:
        folder: Holds the images.
        labels: The source of the captions, as `data.labels`.
        sizes: Numbers of training images; empty: from an eighth of the images to all of them.
        seeds: Number of models per size.
        out: Folder for the runs; None makes one.
        overrides: Overrides of all runs.
    """
    experiment = Experiment(folder, labels, overrides)
    data = experiment.load_data()
    if "test" not in data.parts:
        raise UserError("data.test_size=0 leaves no test images: give a share above 0")
    sizes = _choose_sizes(sizes, len(data.parts["train"]))
    runs = Runs(out, "curve", experiment.overrides, experiment.plan(data))
    fixed = _fixed_overrides(experiment, data)
    if len(sizes) < MIN_SIZES:
        runs.info(
            f"{pluralize(len(sizes), 'size')} ({', '.join(map(str, sizes))}): the curve will have "
            f"no forecast, which needs {MIN_SIZES}. To get one, press Ctrl-C and give more --sizes"
        )
    first = experiment.config.seed
    runs_by_size = {
        size: [
            Run(
                f"labels_{size}_seed_{seed}",
                f"{size:,} labels" + (f", seed {seed}" if seeds > 1 else ""),
                [*fixed, f"data.train_images={size}", f"seed={seed}"],
            )
            for seed in range(first, first + seeds)
        ]
        for size in sizes
    }
    runs.train([run for seed_runs in runs_by_size.values() for run in seed_runs])
    rows, right = _collect_results(runs, runs_by_size)
    counts = [row["labels"] for row in rows]
    law = forecast(counts, right)
    result: dict[str, Any] = {"sizes": rows, "forecast": []}
    if isinstance(law, Forecast):
        result["forecast"] = [_predict(law, factor * counts[-1]) for factor in FORECAST_FACTORS]
        result["law"] = {key: float(value[0]) for key, value in law.best._asdict().items()}
    else:
        result["no_forecast"] = law.reason
    (runs.out / "curve.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _plot(rows, law, runs.out / "curve.png")
    _print_table(rows, result["forecast"])
    print(result.get("no_forecast") or _describe(result["forecast"][0]))
    runs.info(f"picture     {runs.out / 'curve.png'}, numbers in {runs.out / 'curve.json'}")


def _choose_sizes(given: Sequence[int], available: int) -> list[int]:
    if given:
        if wrong := [size for size in given if not 1 <= size <= available]:
            raise UserError(
                f"--sizes: give numbers from 1 to {available}, the training images, not {wrong[0]}"
            )
        return sorted(set(given))
    steps = np.linspace(-1, 0, DEFAULT_SIZES)
    return sorted({max(1, round(available * 8 ** float(step))) for step in steps})


def _fixed_overrides(experiment: Experiment, data: OCRDataModule) -> list[str]:
    """Fix the values that each subset would choose itself, so that all skip the same images."""
    config = experiment.config
    if "stride" in config.encoder and config.encoder.stride is None and not config.init_from:
        return [f"encoder.stride={stride(data)}"]
    return []


def _collect_results(
    runs: Runs, runs_by_size: Mapping[int, Sequence[Run]]
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return a row per size, and whether each image was read right, (sizes, seeds, images)."""
    rows, right = [], []
    for seed_runs in runs_by_size.values():
        by_seed = [sorted(runs.predictions(run)) for run in seed_runs]
        right.append([[p.label == p.reading for p in predictions] for predictions in by_seed])
        pairs = [(p.label, p.reading) for predictions in by_seed for p in predictions]
        scores = compute_scores(pairs, runs=len(seed_runs))
        labels = runs.require_metrics(seed_runs[0])["images_train"]
        rows.append({"labels": labels, "seeds": len(seed_runs), **scores})
    return rows, np.array(right)


def _predict(law: Forecast, size: int) -> dict[str, Any]:
    estimate, low, high = law.exact_match(size)
    return {"labels": size, "exact_match": estimate, "exact_match_ci95": [low, high]}


def _describe(row: Mapping[str, Any]) -> str:
    low, high = row["exact_match_ci95"]
    return (
        f"with twice the labels ({row['labels']:,}) about {row['exact_match']:.1%} "
        f"({low:.1%} to {high:.1%})"
    )


def _print_table(rows: Sequence[dict[str, Any]], predicted: Sequence[dict[str, Any]]) -> None:
    table = Table("training labels", "exact match", "95 % interval", "character errors")
    for column in table.columns:
        column.justify = "right"
    for i, row in enumerate([*rows, *predicted]):
        if i == len(rows):
            table.add_section()
        table.add_row(
            f"{row['labels']:,}",
            f"{row['exact_match']:.1%}",
            "{:.1%} to {:.1%}".format(*row["exact_match_ci95"]),
            f"{row['cer']:.2%}" if "cer" in row else "forecast",
        )
    Console().print(table)


def _plot(rows: Sequence[dict[str, Any]], law: Forecast | NoForecast, path: Path) -> None:
    from matplotlib.figure import Figure  # without pyplot, which may need a display
    from matplotlib.ticker import NullLocator, PercentFormatter

    figure = Figure(figsize=(8, 5), dpi=100, layout="constrained")
    axes = figure.subplots()
    labels = [row["labels"] for row in rows]
    measured = np.array([[row["exact_match"], *row["exact_match_ci95"]] for row in rows]).T * 100
    bars = np.maximum([measured[0] - measured[1], measured[2] - measured[0]], 0)
    axes.errorbar(labels, measured[0], bars, fmt="o", capsize=3, label="measured")
    ticks = list(labels)
    if isinstance(law, Forecast):
        ticks += [factor * labels[-1] for factor in FORECAST_FACTORS]
        sizes = np.geomspace(labels[0], ticks[-1], 100)
        lines = 100 * np.array([law.exact_match(size) for size in sizes]).T
        axes.plot(sizes, lines[0], "--", color="tab:orange", label="fit: error = a + b n$^{-c}$")
        axes.fill_between(sizes, lines[1], lines[2], color="tab:orange", alpha=0.2, lw=0)
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 101)
    axes.yaxis.set_major_formatter(PercentFormatter())
    axes.set(xlabel="training labels", ylabel="exact match on the test images")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path)
