"""Rank trials, write them to trials.csv, and read the best of an earlier search."""

import csv
import io
import math
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.trial import FrozenTrial, TrialState

from ocr.errors import UserError
from ocr.search.space import Space, format_value
from ocr.search.trial_end import reason_of

METRICS = {  # columns of trials.csv, and their names in metrics.json
    "val/cer": "val/cer",
    "val/exact_match": "val/exact_match",
    "val/loss": "val/loss",
    "epochs": "epochs",
    "seconds": "fit_seconds",
    "parameters": "parameters",
    "cpu_ms": "cpu_ms",
}


def metrics_of(trial: FrozenTrial) -> dict[str, Any]:
    """Return a trial's metrics from its metrics.json; empty if it failed or still runs."""
    return trial.user_attrs.get("metrics", {})


def rank_trials(trials: Sequence[FrozenTrial], direction: str) -> list[FrozenTrial]:
    """Sort the complete trials, best first.

    The loss breaks ties, which are common with few validation images.

    Args:
        trials: Trials of any state, with one objective.
        direction: "minimize" or "maximize".
    """
    sign = -1 if direction == "maximize" else 1

    def key(trial: FrozenTrial) -> tuple[float, float]:
        loss = metrics_of(trial).get("val/loss")
        return sign * trial.values[0], math.inf if loss is None else loss

    return sorted((t for t in trials if t.state == TrialState.COMPLETE), key=key)


def write_csv(
    trials: Sequence[FrozenTrial], space: Space, objectives: Sequence[str], path: Path
) -> None:
    """Write a row for each trial.

    Args:
        trials: The trials.
        space: The searched space.
        objectives: Names in metrics.json.
        path: The file, which is replaced as a whole.

    Raises:
        OSError: The file cannot be written.
    """
    keys = list(dict.fromkeys(value.key for value in space.values))
    values = ["value"] if len(objectives) == 1 else [f"value/{name}" for name in objectives]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "state", *values, *keys, *METRICS, "checkpoint", "reason"])
    for trial in trials:
        settings = space.settings(trial.params)
        metrics = metrics_of(trial)
        best = Path(trial.user_attrs.get("folder", "")) / "best.ckpt"
        writer.writerow(
            [
                trial.number,
                trial.state.name.lower(),
                *_values(trial, objectives),
                *(format_value(settings[key]) if key in settings else "" for key in keys),
                *(metrics.get(name, "") for name in METRICS.values()),
                best if metrics else "",
                reason_of(trial),
            ]
        )
    replace_file(path, text.getvalue().encode())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that readers and other writers never see a part of it.

    Args:
        path: The file.
        content: Its new content.

    Raises:
        OSError: The file cannot be written; the old one stays.
    """
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        scratch.write_bytes(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _values(trial: FrozenTrial, objectives: Sequence[str]) -> list[Any]:
    if trial.state == TrialState.COMPLETE:
        return list(trial.values)
    return [metrics_of(trial).get(name, "") for name in objectives]


def read_points(path: str, space: Space, count: int, maximize: bool) -> list[dict[str, Any]]:
    """Read the params of the best trials in an earlier search's trials.csv.

    Args:
        path: The file.
        space: The space of this search.
        count: The number of trials to read.
        maximize: Whether a higher value is better.

    Raises:
        UserError: The file cannot be read, or is not a trials.csv.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows: list[Mapping[str, str]] = list(csv.DictReader(file))
    except OSError as error:
        raise UserError(f"hydra.sweeper.start_from: {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"hydra.sweeper.start_from: {path}: {error}") from error
    column = "value" if rows and "value" in rows[0] else "val/cer"
    if not rows or not {"state", column} <= rows[0].keys():
        raise UserError(f"hydra.sweeper.start_from: {path} is not the trials.csv of a search")
    done = [row for row in rows if row["state"] == "complete" and row[column]]
    done.sort(key=lambda row: float(row[column]), reverse=maximize)
    keys = {value.key for value in space.values}
    parse = OverridesParser.create().parse_override
    return [
        space.params({k: parse(f"{k}={v}").value() for k, v in row.items() if k in keys and v})
        for row in done[:count]
    ]
