"""What a search has found so far: trials.csv."""

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.trial import FrozenTrial, TrialState

from ocr.errors import UserError
from ocr.search.coordinator import interrupted
from ocr.search.space import Space, spelt

METRICS = {  # column: name in metrics.json
    "val/cer": "val/cer",
    "val/exact_match": "val/exact_match",
    "val/loss": "val/loss",
    "epochs": "epochs",
    "seconds": "fit_seconds",
    "parameters": "parameters",
    "cpu_ms": "cpu_ms",
}


def metrics_of(trial: FrozenTrial) -> dict[str, Any]:
    """What it scored, from metrics.json; empty if it has come to no score."""
    return trial.user_attrs.get("metrics", {})


def reason(trial: FrozenTrial) -> str:
    """Why a trial ended early, in words; empty if it didn't."""
    if interrupted(trial):
        return "interrupted; its values are tried again under another number"
    attributes = trial.user_attrs
    return attributes.get("reason") or attributes.get("stopped", {}).get("reason", "")


def write_csv(
    trials: Sequence[FrozenTrial], space: Space, objectives: Sequence[str], path: Path
) -> None:
    """One line a trial, whole or not at all. Raises OSError, e.g. if the disk is full."""
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
                *(spelt(settings[key]) if key in settings else "" for key in keys),
                *(metrics.get(name, "") for name in METRICS.values()),
                best if metrics else "",
                reason(trial),
            ]
        )
    # Several processes may write into one sweep folder.
    scratch = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        scratch.write_text(text.getvalue(), encoding="utf-8")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _values(trial: FrozenTrial, objectives: Sequence[str]) -> list[Any]:
    if trial.state == TrialState.COMPLETE:
        return list(trial.values)
    return [metrics_of(trial).get(name, "") for name in objectives]


def read_points(path: str, space: Space, count: int, maximize: bool) -> list[dict[str, Any]]:
    """The params of the `count` best trials in an earlier search's trials.csv.

    Raises UserError if it isn't such a file.
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
