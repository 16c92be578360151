"""Write the report of a search: one HTML page with the plots and all trials."""

import base64
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from ocr.config.program import train_command
from ocr.formatting import format_score
from ocr.search.pictures import plots_of, plotting, png
from ocr.search.plots import NoPlotError, make_study
from ocr.search.results import METRICS, metrics_of, rank_trials, replace_file
from ocr.search.space import format_value

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 75rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; }
figure { margin: 0; }
img { max-width: 100%; height: auto; }
figcaption, .missing { color: #555; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.8rem; white-space: nowrap; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid #ddd; text-align: left; }
td:last-child { white-space: normal; min-width: 16rem; }
.pruned, .fail { color: #777; }
.winner { font-size: inherit; }
.winner td { white-space: normal; }
"""
_CAPTIONS = {
    "history": "Each point is a complete trial; the line is the best so far.",
    "importances": "How much each value decides whether a trial is among the best (PED-ANOVA); "
    "with few trials, this is only a hint.",
    "slice": "Each point is a complete trial, the later the darker.",
    "parallel": "Each line is a complete trial, in order of merit, the better the darker; it "
    "passes through – where a value does not apply to it.",
    "latency": "Each point is a complete trial; no other trial is both more accurate and faster "
    "than a red one. The numbers are those of the table below.",
}


def write_report(
    trials: Sequence[FrozenTrial],
    objectives: Sequence[str],
    directions: Sequence[str],
    folder: Path,
) -> list[str]:
    """Draw the plots and write the page.

    If a plot cannot be drawn yet, the page gives the reason instead.

    Args:
        trials: Trials of any state, with only the params that matter. Their user attribute
            "command" holds the overrides of a run with the same params.
        objectives: Names in metrics.json.
        directions: "minimize" or "maximize" for each objective.
        folder: The folder for index.html and *.png.

    Returns:
        The page's sections with the plots, for `write_page`.

    Raises:
        OSError: A file cannot be written.
    """
    folder.mkdir(exist_ok=True)
    sections = []
    missing: dict[str, list[str]] = {}
    with plotting():
        for name, title, draw in plots_of(trials, objectives, directions):
            try:
                image = png(draw)
            except NoPlotError as error:
                (folder / f"{name}.png").unlink(missing_ok=True)
                missing.setdefault(str(error), []).append(title)
                continue
            replace_file(folder / f"{name}.png", image)
            sections.append(
                f'<h2>{escape(title)}</h2><figure><img alt="{escape(title)}" '
                f'src="data:image/png;base64,{base64.b64encode(image).decode()}">'
                f"<figcaption>{_CAPTIONS[name.partition('_')[0]]}</figcaption></figure>"
            )
    if missing:
        sections.append("<h2>Plots that could not be drawn</h2>")
    for why, titles in missing.items():
        sections.append(f'<p class="missing">{escape("; ".join(titles))}: {escape(why)}</p>')
    write_page(trials, objectives, directions, folder, sections, {})
    return sections


def write_page(
    trials: Sequence[FrozenTrial],
    objectives: Sequence[str],
    directions: Sequence[str],
    folder: Path,
    sections: Sequence[str],
    winner: Mapping[str, str],
) -> None:
    """Write the page without drawing the plots.

    Args:
        trials: See `write_report`.
        objectives: See `write_report`.
        directions: See `write_report`.
        folder: See `write_report`.
        sections: What `write_report` returned.
        winner: Texts about the winner, by heading.

    Raises:
        OSError: The file cannot be written.
    """
    with plotting():
        best = _best(trials, directions)
    page = _page(trials, best, objectives, directions, sections, winner)
    replace_file(folder / "index.html", page.encode())


def _best(trials: Sequence[FrozenTrial], directions: Sequence[str]) -> list[FrozenTrial]:
    """Return the best complete trial, or the Pareto front of several objectives."""
    done = {trial.number: trial for trial in trials if trial.state == TrialState.COMPLETE}
    if len(directions) > 1 and len(done) > 1:
        study = make_study(list(done.values()), directions, lambda trial: trial.values)
        return [done[trial.number] for trial in study.best_trials]
    return rank_trials(trials, directions[0])[:1]


def _page(
    trials: Sequence[FrozenTrial],
    best: Sequence[FrozenTrial],
    objectives: Sequence[str],
    directions: Sequence[str],
    sections: Sequence[str],
    winner: Mapping[str, str],
) -> str:
    """Return the page, as a single HTML file."""
    pairs = zip(objectives, directions, strict=True)
    aims = " and ".join(f"{'lowest' if d == 'minimize' else 'highest'} {n}" for n, d in pairs)
    title = escape(f"Search for the {aims}")
    counts = Counter(trial.state for trial in trials)
    states = ", ".join(f"{count} {state.name.lower()}" for state, count in sorted(counts.items()))
    heading = "The best trial" if len(objectives) == 1 else "The Pareto front"
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in winner.items()
    )
    winner_section = f'<h2>The winner</h2><table class="winner">{rows}</table>' if rows else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>Trials: {states or 'none yet'}.</p>{winner_section}<h2>{heading} of the search</h2>"
        f"{_paragraphs(best, objectives) or '<p>No trial is complete yet.</p>'}"
        f"{''.join(sections)}<h2>All trials</h2>{_table(trials, objectives)}</body></html>\n"
    )


def _paragraphs(trials: Sequence[FrozenTrial], objectives: Sequence[str]) -> str:
    """Return a paragraph for each trial: its scores, and the command that trains the same way."""
    lines = []
    for trial in trials:
        scores = zip(objectives, trial.values, strict=True)
        values = escape(", ".join(f"{name} {_cell(score)}" for name, score in scores))
        command = escape(f"{train_command()} {shlex.join(trial.user_attrs['command'])}")
        lines.append(f"<p>Trial {trial.number}: {values}<br><code>{command}</code></p>")
    return "".join(lines)


def _table(trials: Sequence[FrozenTrial], objectives: Sequence[str]) -> str:
    """Return the table of all trials."""
    columns = dict.fromkeys(objectives) | METRICS
    params = list(dict.fromkeys(name for trial in trials for name in trial.params))
    header = ["number", "state", *columns, *params, "reason"]
    rows = [f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr>"]
    for trial in trials:
        state = trial.state.name.lower()
        scores = {column: metrics_of(trial).get(name or column) for column, name in columns.items()}
        if trial.state == TrialState.COMPLETE:
            scores |= zip(objectives, trial.values, strict=True)
        cells = [
            str(trial.number),
            state,
            *("" if score is None else _cell(score) for score in scores.values()),
            *(_cell(trial.params[name]) if name in trial.params else "" for name in params),
            trial.user_attrs.get("reason", ""),
        ]
        line = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f'<tr class="{state}">{line}</tr>')
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _cell(value: Any) -> str:
    """Format a value as on the command line, but a float with four digits."""
    return format_score(value) if isinstance(value, float) else format_value(value)
