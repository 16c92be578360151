"""Would more labels help? Train on ever more of them, and carry the curve on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ocr.analysis.experiment import Source
from ocr.analysis.power_law import LEAST_SIZES, Forecast, forecast
from ocr.analysis.runs import Job, Runs
from ocr.analysis.scores import scores
from ocr.data.datamodule import DataModule
from ocr.errors import UserError
from ocr.training.auto import stride

SIZES = 5  # from an eighth of the training images to all
TIMES = (2, 4)  # as many labels as there are: what is forecast


def curve(
    folder: Path,
    labels: str | None,
    sizes: Sequence[int],
    seeds: int,
    out: Path | None,
    overrides: Sequence[str],
) -> None:
    """Train on subsets, test all on the same images, draw and forecast exact match.

    sizes: none for those that suit the folder.
    """
    source = Source(folder, labels, overrides)
    data = source.open()
    if "test" not in data.parts:
        raise UserError("data.test_size=0 leaves nothing to test on: give a share of the images")
    sizes = _sizes(sizes, len(data.parts["train"]))
    runs = Runs(out, "curve", source.words, source.plan(data))
    fixed = _fixed(source, data)
    if len(sizes) < LEAST_SIZES:
        runs.info(
            f"a forecast takes {LEAST_SIZES} sizes, here are {len(sizes)} "
            f"({', '.join(map(str, sizes))}): there will be the curve without one. Ctrl-C, and "
            "more --sizes, for both"
        )
    first = source.config.seed
    jobs = {
        size: [
            Job(
                f"labels_{size}_seed_{seed}",
                f"{size:,} labels" + (f", seed {seed}" if seeds > 1 else ""),
                [*fixed, f"data.train_images={size}", f"seed={seed}"],
            )
            for seed in range(first, first + seeds)
        ]
        for size in sizes
    }
    runs.do([job for some in jobs.values() for job in some])
    rows, right = _results(runs, jobs)
    counts = [row["labels"] for row in rows]
    law = forecast(counts, right)
    ahead = [_ahead(law, times * counts[-1]) for times in TIMES if isinstance(law, Forecast)]
    result: dict[str, Any] = {"sizes": rows, "forecast": ahead}
    if isinstance(law, Forecast):
        result["law"] = {key: float(value[0]) for key, value in law.best._asdict().items()}
    else:
        result["no_forecast"] = law
    (runs.out / "curve.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _draw(rows, law, runs.out / "curve.png")
    _show(rows, ahead)
    print(_in_words(law, ahead))
    runs.info(f"picture     {runs.out / 'curve.png'}, numbers in {runs.out / 'curve.json'}")


def _sizes(given: Sequence[int], available: int) -> list[int]:
    if given:
        if wrong := [size for size in given if not 1 <= size <= available]:
            raise UserError(
                f"--sizes: give numbers from 1 to {available}, the training images, not {wrong[0]}"
            )
        return sorted(set(given))
    return sorted({max(1, round(available * 8 ** (i / (SIZES - 1) - 1))) for i in range(SIZES)})


def _fixed(source: Source, data: DataModule) -> list[str]:
    """What would otherwise be chosen anew for each subset, and leave out other images."""
    config = source.config
    if "stride" in config.encoder and config.encoder.stride is None and not config.init_from:
        return [f"encoder.stride={stride(data)}"]
    return []


def _results(runs: Runs, jobs: dict[int, list[Job]]) -> tuple[list[dict[str, Any]], np.ndarray]:
    """A row a size, and whether each image was read, (sizes, seeds, images)."""
    rows, right = [], []
    for some in jobs.values():
        read = [sorted(runs.predictions(job)) for job in some]
        right.append([[one.label == one.reading for one in each] for each in read])
        pairs = [(one.label, one.reading) for each in read for one in each]
        result = scores(pairs, runs=len(some))
        rows.append({"labels": runs.metrics(some[0])["images_train"], "seeds": len(some), **result})
    return rows, np.array(right)


def _ahead(law: Forecast, size: int) -> dict[str, Any]:
    estimate, low, high = law.exact_match(size)
    return {"labels": size, "exact_match": estimate, "exact_match_ci95": [low, high]}


def _in_words(law: Forecast | str, ahead: Sequence[dict[str, Any]]) -> str:
    if not isinstance(law, Forecast):
        return law
    one = ahead[0]
    low, high = one["exact_match_ci95"]
    return (
        f"with twice the labels ({one['labels']:,}) about {one['exact_match']:.1%} "
        f"({low:.1%} to {high:.1%})"
    )


def _show(rows: Sequence[dict[str, Any]], ahead: Sequence[dict[str, Any]]) -> None:
    table = Table("training labels", "exact match", "95 % interval", "character errors")
    for column in table.columns:
        column.justify = "right"
    for row in [*rows, *ahead]:
        if row is (ahead or [None])[0]:
            table.add_section()
        table.add_row(
            f"{row['labels']:,}",
            f"{row['exact_match']:.1%}",
            "{:.1%} to {:.1%}".format(*row["exact_match_ci95"]),
            f"{row['cer']:.2%}" if "cer" in row else "forecast",
        )
    Console().print(table)


def _draw(rows: Sequence[dict[str, Any]], law: Forecast | str, path: Path) -> None:
    """What was measured, and where it leads."""
    from matplotlib.figure import Figure  # without pyplot: no window, nothing left behind
    from matplotlib.ticker import NullLocator, PercentFormatter

    figure = Figure(figsize=(8, 5), dpi=100, layout="constrained")
    axes = figure.subplots()
    labels = [row["labels"] for row in rows]
    shares = [100 * row["exact_match"] for row in rows]
    spread = [[100 * end for end in row["exact_match_ci95"]] for row in rows]
    bars = [
        [share - low for share, (low, _) in zip(shares, spread, strict=True)],
        [high - share for share, (_, high) in zip(shares, spread, strict=True)],
    ]
    axes.errorbar(labels, shares, np.maximum(bars, 0), fmt="o", capsize=3, label="measured")
    marks = list(labels)
    if isinstance(law, Forecast):
        marks += [times * labels[-1] for times in TIMES]
        places = np.geomspace(labels[0], marks[-1], 100)
        lines = 100 * np.array([law.exact_match(place) for place in places]).T
        axes.plot(places, lines[0], "--", color="tab:orange", label="fit: error = a + b n$^{-c}$")
        axes.fill_between(places, lines[1], lines[2], color="tab:orange", alpha=0.2, lw=0)
    axes.set_xscale("log")
    axes.set_xticks(marks, [f"{mark:,}" for mark in marks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 101)
    axes.yaxis.set_major_formatter(PercentFormatter())
    axes.set(xlabel="training labels", ylabel="exact match on the test images")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path)
