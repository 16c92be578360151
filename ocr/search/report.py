"""The report of a search: pictures, and a page that holds them all."""

import base64
import html
import io
import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from ocr.search.results import METRICS

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
       color: #222; background: #fff; }
img { max-width: 100%; height: auto; }
figure { margin: 2rem 0; }
figcaption { color: #555; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.8rem; white-space: nowrap; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid #ddd; text-align: left; }
"""


def write_report(
    trials: Sequence[FrozenTrial],
    objectives: Sequence[str],
    directions: Sequence[str],
    folder: Path,
) -> None:
    """Draw the pictures into `folder`, and put them with a table of `trials` into index.html.

    trials: with the params that mattered, and no others. objectives, directions: what was
    optimised. A picture that can't be drawn yet is left out, and the page says why.
    """
    import matplotlib

    study = optuna.create_study(directions=list(directions))
    study.add_trials(
        [t for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED) and t.params]
    )
    figures = []
    with matplotlib.rc_context({"figure.max_open_warning": 0}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.use("Agg")
        for name, title, caption, draw in _pictures(objectives):
            picture = _draw(study, objectives, draw)
            target = folder / f"{name}.png"
            if isinstance(picture, bytes):
                _write(picture, target)
                source = base64.b64encode(picture).decode()
                body = f'<img alt="{title}" src="data:image/png;base64,{source}">'
            else:
                target.unlink(missing_ok=True)
                body = f"<p>Not drawn: {html.escape(picture)}.</p>"
            figures.append(
                f"<figure><h2>{title}</h2>{body}<figcaption>{caption}</figcaption></figure>"
            )
    _write(_page(trials, study, objectives, figures).encode(), folder / "index.html")


def _pictures(objectives: Sequence[str]) -> list[tuple[str, str, str, Callable]]:
    """File name, title, how to read it, and what draws it."""
    from optuna.visualization import matplotlib as plots

    first = {} if len(objectives) == 1 else {"target": lambda t: t.values[0]}
    named = {"target_name": objectives[0], **first}

    def latency(study: optuna.Study) -> None:
        def both(trial: FrozenTrial) -> tuple[float, float]:
            return trial.user_attrs["metrics"]["cpu_ms"], trial.values[0]

        names = ["CPU milliseconds per image", objectives[0]]
        plots.plot_pareto_front(study, targets=both, target_names=names)

    return [
        ("history", "History", "Each point is a trial; the line is the best so far.",
         lambda study: plots.plot_optimization_history(study, **named)),
        ("importances", "Importances", "How much of the difference between good and bad trials "
         "comes from each value (PED-ANOVA).",
         lambda study: plots.plot_param_importances(study, **first)),
        ("slice", "Slices", "Each value against the objective; later trials are darker.",
         lambda study: plots.plot_slice(study, **named)),
        ("parallel", "Parallel coordinates", "Each line is a trial; dark lines are good.",
         lambda study: plots.plot_parallel_coordinate(study, **named)),
        ("latency", "Accuracy against latency", "Red trials: no other one is both better and "
         "faster.", latency),
    ]  # fmt: skip


def _draw(study: optuna.Study, objectives: Sequence[str], draw: Callable) -> bytes | str:
    """The picture as PNG, or why there is none."""
    from matplotlib import pyplot

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < 2:
        return "it takes two complete trials"
    pyplot.close("all")
    try:
        draw(study)
        figure = pyplot.gcf()
        _tidy(figure, objectives[0], [t.values[0] for t in done])
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=80)
        return file.getvalue()
    except (ArithmeticError, KeyError, RuntimeError, ValueError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    finally:
        pyplot.close("all")


def _tidy(figure: object, objective: str, values: Sequence[float]) -> None:
    """Make Optuna's picture legible: panels in rows, room for labels, scores on a fitting scale."""
    axes = [axis for axis in figure.axes if axis.get_visible() and axis.get_label() != "<colorbar>"]
    panels = [axis for axis in axes if axis.collections and axis.get_subplotspec()]
    spread = min(values) >= 0 and max(values) > 20 * sorted(values)[len(values) // 2]
    if len(panels) > 4:  # slices
        columns = 4
        rows = math.ceil(len(panels) / columns)
        figure.set_size_inches(14, 3.1 * rows)
        for i, axis in enumerate(panels):
            axis.set_subplotspec(figure.add_gridspec(rows, columns)[i // columns, i % columns])
            axis.set_ylabel(objective if i % columns == 0 else "")
            axis.tick_params(axis="x", labelrotation=30, labelsize=7)
            axis.set_xlabel(axis.get_xlabel(), fontsize=8)
    else:
        figure.set_size_inches(14 if len(axes) > 4 else 10, 6)
        for axis in axes:
            axis.tick_params(axis="x", labelrotation=30 if len(axes) > 4 else 0, labelsize=8)
    if spread:
        for axis in axes:
            if axis.get_ylabel() == objective or axis in panels:
                axis.set_yscale("symlog", linthresh=1e-3)
    figure.suptitle("")
    for axis in axes:
        axis.set_title("")
    figure.tight_layout()


def _page(
    trials: Sequence[FrozenTrial],
    study: optuna.Study,
    objectives: Sequence[str],
    figures: Sequence[str],
) -> str:
    counts = Counter(trial.state.name.lower() for trial in trials)
    best = study.best_trials if counts["complete"] else []
    lines = [
        ", ".join(f"{n} {v:.4g}" for n, v in zip(objectives, t.values, strict=True))
        for t in sorted(best, key=lambda t: t.values)[:10]
    ]
    heading = "Best so far" if len(objectives) == 1 else "Pareto front"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Search</title>"
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>Search</h1>"
        f"<p>{', '.join(f'{count} {state}' for state, count in counts.items()) or 'no trial yet'}"
        f"</p><h2>{heading}</h2><p>{html.escape('; '.join(lines)) or 'no complete trial'}</p>"
        f"{''.join(figures)}<h2>Trials</h2><div class=table>{_table(trials)}</div></html>"
    )


def _table(trials: Sequence[FrozenTrial]) -> str:
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    rows = [["number", "state", *METRICS, *names, "reason"]]
    for trial in trials:
        metrics = trial.user_attrs.get("metrics", {})
        scores = [metrics.get(name) for name in METRICS.values()]
        rows.append(
            [
                trial.number,
                trial.state.name.lower(),
                *(f"{s:.4g}" if isinstance(s, float) else s for s in scores),
                *(trial.params.get(name, "") for name in names),
                trial.user_attrs.get("reason", ""),
            ]
        )
    lines = (
        "".join(f"<td>{html.escape('' if cell is None else str(cell))}</td>" for cell in row)
        for row in rows
    )
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _write(content: bytes, target: Path) -> None:
    scratch = target.with_suffix(".tmp")
    scratch.write_bytes(content)
    scratch.replace(target)
