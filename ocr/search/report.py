"""The report of a search: Optuna's pictures, and one page that holds them and every trial."""

import base64
import io
import math
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from ocr.search.board import short
from ocr.search.results import METRICS
from ocr.search.space import spelt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

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
"""
_CAPTIONS = {
    "history": "Each point is a complete trial; the line is the best so far.",
    "importances": "How much each value decides whether a trial is among the best (PED-ANOVA); "
    "with few trials no more than a hint.",
    "slice": "Each point is a complete trial, the later the darker.",
    "parallel": "Each line is a complete trial, in order of merit, the better the darker; it "
    "passes through – where it had no use for a value.",
    "latency": "Each point is a complete trial; no other beats the red ones in both accuracy and "
    "speed (their numbers are those of the table).",
}


class _NoPictureError(Exception):
    """Why there is no picture, in a sentence."""


def write_report(
    trials: Sequence[FrozenTrial],
    objectives: Sequence[str],
    directions: Sequence[str],
    folder: Path,
) -> None:
    """Draw `folder`/*.png and put them, with a table of `trials`, into `folder`/index.html.

    trials: of any state, with the params that mattered in each and no others. objectives: what
    was optimised; directions: "minimize" or "maximize" for each. A picture that can't be drawn
    yet is left out, and the page says why. Raises OSError, e.g. if the disk is full.
    """
    sections = []
    with _aside():
        for name, title, draw in _pictures(trials, objectives, directions):
            try:
                png = _png(draw)
            except _NoPictureError as why:
                (folder / f"{name}.png").unlink(missing_ok=True)
                body = f'<p class="missing">Left out: {escape(str(why))}</p>'
            else:
                _write(png, folder / f"{name}.png")
                body = (
                    f'<figure><img alt="{escape(title)}" src="data:image/png;base64,'
                    f'{base64.b64encode(png).decode()}">'
                    f"<figcaption>{_CAPTIONS[name.partition('_')[0]]}</figcaption></figure>"
                )
            sections.append(f"<h2>{escape(title)}</h2>{body}")
        best = _best(trials, directions)
    page = _page(trials, best, objectives, directions, sections)
    _write(page.encode(), folder / "index.html")


@contextmanager
def _aside() -> Iterator[None]:
    """Without windows, warnings and chatter, and without a trace left in this process."""
    import matplotlib

    verbosity = optuna.logging.get_verbosity()
    backend = matplotlib.rcParams.copy()["backend"]  # the original would look for one
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        matplotlib.use("agg")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
        if isinstance(backend, str):  # not where none has been chosen yet
            matplotlib.use(backend, force=False)


def _png(draw: Callable[[], "Figure"]) -> bytes:
    """Raises _NoPictureError."""
    import matplotlib
    from matplotlib import pyplot

    file = io.BytesIO()
    others = set(pyplot.get_fignums())
    try:
        with matplotlib.rc_context({"text.parse_math": False}):  # names may hold a $
            draw().savefig(file, format="png", dpi=90)
    except _NoPictureError:
        raise
    except Exception as error:  # a search of days must not end for a picture
        raise _NoPictureError(f"it can't be drawn ({type(error).__name__}: {error}).") from error
    finally:
        for number in set(pyplot.get_fignums()) - others:
            pyplot.close(number)
    return file.getvalue()


def _pictures(
    trials: Sequence[FrozenTrial], objectives: Sequence[str], directions: Sequence[str]
) -> Iterator[tuple[str, str, Callable[[], "Figure"]]]:
    """File name without .png, title, and what draws it or raises _NoPictureError."""
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pairs = zip(objectives, directions, strict=True)
    scores = [_Score(name, direction, i, done) for i, (name, direction) in enumerate(pairs)]
    for score in scores:
        suffix = f"_{score.index + 1}" if len(scores) > 1 else ""
        yield f"history{suffix}", f"{score.name}, trial by trial", score.history
        yield f"importances{suffix}", f"What matters for {score.name}", score.importances
        yield f"slice{suffix}", f"{score.name} by value", score.slices
        yield f"parallel{suffix}", f"{score.name} and all values together", score.parallel
    accuracy = next((score for score in scores if score.name != "cpu_ms"), scores[0])
    yield "latency", f"{accuracy.name} against latency", accuracy.latency


@dataclass(frozen=True)
class _Score:
    """The objective at `index`, in complete `trials`.

    The methods that draw return a pyplot figure for the caller to close, or raise _NoPictureError.
    """

    name: str
    direction: str
    index: int
    trials: Sequence[FrozenTrial]

    def history(self) -> "Figure":
        """Optuna's optimization history."""
        from matplotlib.ticker import MaxNLocator
        from optuna.visualization import matplotlib as plots

        axes = plots.plot_optimization_history(self._study(), target_name=self.name)
        for line in axes.lines:
            line.set_drawstyle("steps-post")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        self._stretch(axes)
        return _laid_out(axes, 10, 4.5)

    def importances(self) -> "Figure":
        """Optuna's importances."""
        from optuna.visualization import matplotlib as plots

        axes = plots.plot_param_importances(self._study(), params=list(self._space()))
        shares = [bar.get_width() for bar in axes.patches]
        if len(set(map(self.value, self.trials))) == 1 or (
            len(shares) > 1 and min(shares) == max(shares)  # Optuna's answer if it can't tell
        ):
            raise _NoPictureError("these trials don't tell which value matters.")
        axes.get_legend().remove()
        axes.set(xlabel=f"importance for {self.name}", ylabel="")
        return _laid_out(axes, 10, 1 + 0.3 * len(axes.patches))

    def slices(self) -> "Figure":
        """Optuna's slices, in rows of four."""
        import numpy as np
        from matplotlib.ticker import MaxNLocator
        from optuna.visualization import matplotlib as plots

        panels = np.atleast_1d(plots.plot_slice(self._study(), target_name=self.name))
        columns = min(4, len(panels))
        rows = math.ceil(len(panels) / columns)
        grid = panels[0].figure.add_gridspec(rows, columns)
        numbers = (0, max(trial.number for trial in self.trials))
        for i, (axes, (name, distribution)) in enumerate(
            zip(panels, self._space().items(), strict=True)
        ):
            if len(panels) > 1:
                axes.set_subplotspec(grid[divmod(i, columns)])
            axes.tick_params(labelsize=9, labelleft=i % columns == 0)
            axes.set_ylabel(self.name if i % columns == 0 else "")
            axes.collections[0].set(cmap="viridis_r", clim=numbers)  # Blues begin as light as grey
            self._stretch(axes)
            if isinstance(distribution, CategoricalDistribution):
                _name_categories(axes, distribution)
            else:
                self._number(axes.xaxis, name, distribution)
        bar = panels[-1].collections[0].colorbar
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        engine = "constrained" if len(panels) > 1 else "tight"
        return _laid_out(panels[0], max(7, 3.3 * columns), max(4, 2.6 * rows), engine)

    def parallel(self) -> "Figure":
        """Optuna's parallel coordinates of trials in order of merit, the best on top."""
        import numpy as np
        from optuna.visualization import matplotlib as plots

        space = self._space()
        merit = sorted(set(map(self.value, self.trials)), reverse=self.direction == "maximize")
        study = _study(self.trials, ["minimize"], lambda t: [merit.index(self.value(t))])
        axes = plots.plot_parallel_coordinate(study, target_name=self.name)
        lines = axes.collections[0]
        ranks, segments = lines.get_array(), lines.get_segments()
        order = np.argsort(-ranks)
        lines.set_segments([segments[i] for i in order])
        lines.set_array(ranks[order])
        marks = np.unique(np.linspace(0, len(merit) - 1, 6).round().astype(int))
        labels = [f"{merit[i]:.3g}" for i in marks]
        axes.set_yticks(marks, labels)
        lines.colorbar.set_ticks(marks, labels=labels)
        names = [self.name, *space]
        axes.set_xticks(range(len(names)), names, rotation=-30, ha="left", rotation_mode="anchor")
        scales = [a for a in axes.figure.axes if a not in (axes, lines.colorbar.ax)]
        for scale, (name, distribution) in zip(scales, space.items(), strict=True):
            optional = any(name not in trial.params for trial in self.trials)
            categorical = isinstance(distribution, CategoricalDistribution)
            if optional or categorical:
                choices = distribution.choices if categorical else ()
                spelling = {str(choice): spelt(choice) for choice in choices}
                spelling |= {"None": "–", "None (value)": "null"} if optional else {}
                texts = [label.get_text() for label in scale.get_yticklabels()]
                if isinstance(distribution, IntDistribution):
                    texts = ["" if "." in text else text for text in texts]
                texts = [_brief(spelling.get(text, text), 12) for text in texts]
                scale.set_yticks(scale.get_yticks(), texts)
            else:
                self._number(scale.yaxis, name, distribution)
            for label in scale.get_yticklabels():
                label.set(size=8, bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.5})
        return _laid_out(axes, max(7, 2 + 0.85 * len(names)), 5.5, "tight")

    def latency(self) -> "Figure":
        """Optuna's Pareto front of this objective and cpu_ms, its trials numbered."""
        from optuna.visualization import matplotlib as plots

        def both(trial: FrozenTrial) -> list[float]:
            return [_metrics(trial)["cpu_ms"], self.value(trial)]

        if self.name == "cpu_ms":
            raise _NoPictureError("latency is all that is optimised.")
        timed = [trial for trial in self.trials if _metrics(trial).get("cpu_ms") is not None]
        study = _study(timed, ["minimize", self.direction], both)
        axes = plots.plot_pareto_front(study, target_names=["cpu_ms", self.name])
        for trial in study.best_trials:
            axes.annotate(trial.number, trial.values, (5, 5), textcoords="offset points", size=9)
        self._stretch(axes)
        return _laid_out(axes, 10, 5)

    def value(self, trial: FrozenTrial) -> float:
        """What `trial` came to."""
        return trial.values[self.index]

    def _study(self) -> optuna.Study:
        return _study(self.trials, [self.direction], lambda trial: [self.value(trial)])

    def _space(self) -> dict[str, BaseDistribution]:
        """What was searched, in the order of Optuna's pictures."""
        space = {name: t.distributions[name] for t in self.trials for name in t.params}
        if self.trials and not space:
            raise _NoPictureError("no value was searched.")
        return dict(sorted(space.items()))

    def _stretch(self, axes: "Axes") -> None:
        """Tell low scores apart where others are a hundred times as high; zeros occur."""
        values = [self.value(trial) for trial in self.trials]
        least = min((value for value in values if value > 0), default=math.inf)
        if self.direction == "minimize" and min(values) >= 0 and max(values) >= 100 * least:
            axes.set_yscale("symlog", linthresh=10.0 ** math.floor(math.log10(least)))
            axes.yaxis.set_major_formatter("{x:g}")

    def _number(self, axis: "Axis", name: str, distribution: BaseDistribution) -> None:
        """Whole numbers for whole numbers, one for one, and no mathematical notation."""
        from matplotlib.ticker import LogFormatter, MaxNLocator, NullLocator

        seen = {trial.params[name] for trial in self.trials if name in trial.params}
        if len(seen) == 1:
            axis.set_minor_locator(NullLocator())
            axis.set_ticks(list(seen), [short(*seen)])
        elif distribution.log:
            axis.set_major_formatter(LogFormatter())
            axis.set_minor_formatter(LogFormatter(labelOnlyBase=False))
        else:
            whole = isinstance(distribution, IntDistribution)
            axis.set_major_locator(MaxNLocator(5, integer=whole))


def _study(
    trials: Sequence[FrozenTrial],
    directions: Sequence[str],
    values: Callable[[FrozenTrial], Sequence[float]],
) -> optuna.Study:
    """In memory, of `trials` that came to `values`, each under its own number.

    Raises _NoPictureError if there is nothing to compare.
    """
    if len(trials) < 2:
        raise _NoPictureError(f"it takes two trials that came to a score, there are {len(trials)}.")
    study = optuna.create_study(directions=list(directions))
    by_number = {trial.number: trial for trial in trials}
    for number in range(max(by_number) + 1):
        if trial := by_number.get(number):
            space = {name: trial.distributions[name] for name in trial.params}
            frozen = create_trial(values=values(trial), params=trial.params, distributions=space)
        else:  # Optuna numbers by position
            frozen = create_trial(state=TrialState.FAIL)
        study.add_trial(frozen)
    return study


def _name_categories(axes: "Axes", distribution: CategoricalDistribution) -> None:
    """As on the command line, at most sixteen, slanted if they need room."""
    names = {repr(choice): _brief(spelt(choice), 18) for choice in distribution.choices}
    places = axes.get_xticks()
    labels = [names[axes.xaxis.get_major_formatter()(place)] for place in places]
    step = math.ceil(len(labels) / 16)
    axes.set_xticks(places[::step], labels[::step])
    if sum(map(len, labels)) > 28:
        for label in axes.get_xticklabels():
            label.set(rotation=35, ha="right", rotation_mode="anchor")


def _brief(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _laid_out(axes: "Axes", width: float, height: float, engine: str = "constrained") -> "Figure":
    """The figure of `axes`, in inches, without overlaps, nor titles: the page has them.

    engine: "tight" where Optuna gave one plot a colour bar, which the better one can't lay out.
    """
    figure = axes.figure
    figure.suptitle("")
    for each in figure.axes:
        each.set_title("")
        each.set_title("", loc="left")
    figure.set_size_inches(width, height)
    figure.set_layout_engine(engine)
    return figure


def _best(trials: Sequence[FrozenTrial], directions: Sequence[str]) -> list[FrozenTrial]:
    """The best complete trial, of equal ones that with the lower loss; or the Pareto front."""
    done = {trial.number: trial for trial in trials if trial.state == TrialState.COMPLETE}
    if len(directions) > 1 and len(done) > 1:
        study = _study(list(done.values()), directions, lambda trial: trial.values)
        return [done[trial.number] for trial in study.best_trials]
    sign = -1 if directions[0] == "maximize" else 1

    def order(trial: FrozenTrial) -> tuple[float, float]:
        loss = _metrics(trial).get("val/loss")
        return sign * trial.values[0], math.inf if loss is None else loss

    return sorted(done.values(), key=order)[:1]


def _metrics(trial: FrozenTrial) -> dict[str, Any]:
    return trial.user_attrs.get("metrics", {})


def _page(
    trials: Sequence[FrozenTrial],
    best: Sequence[FrozenTrial],
    objectives: Sequence[str],
    directions: Sequence[str],
    sections: Sequence[str],
) -> str:
    """The whole page, which needs no other file."""
    pairs = zip(objectives, directions, strict=True)
    aims = " and ".join(f"{'lowest' if d == 'minimize' else 'highest'} {n}" for n, d in pairs)
    title = escape(f"Search for the {aims}")
    counts = Counter(trial.state for trial in trials)
    states = ", ".join(f"{count} {state.name.lower()}" for state, count in sorted(counts.items()))
    heading = "The best trial" if len(objectives) == 1 else "The Pareto front"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>Trials: {states or 'none yet'}.</p><h2>{heading}</h2>"
        f"{_told(best, objectives) or '<p>No trial is complete yet.</p>'}"
        f"{''.join(sections)}<h2>All trials</h2>{_table(trials, objectives)}</body></html>\n"
    )


def _told(trials: Sequence[FrozenTrial], objectives: Sequence[str]) -> str:
    """A paragraph a trial: its scores, and the values that made them."""
    lines = []
    for trial in trials:
        scores = zip(objectives, trial.values, strict=True)
        told = escape(", ".join(f"{name} {_cell(score)}" for name, score in scores))
        values = escape(" ".join(f"{name}={_cell(value)}" for name, value in trial.params.items()))
        lines.append(f"<p>Trial {trial.number}: {told}<br><code>{values}</code></p>")
    return "".join(lines)


def _table(trials: Sequence[FrozenTrial], objectives: Sequence[str]) -> str:
    """A row a trial, also of those that ended early."""
    columns = dict.fromkeys(objectives) | METRICS
    params = list(dict.fromkeys(name for trial in trials for name in trial.params))
    header = ["number", "state", *columns, *params, "reason"]
    rows = [f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr>"]
    for trial in trials:
        state = trial.state.name.lower()
        scores = {column: _metrics(trial).get(name or column) for column, name in columns.items()}
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
    """As on the command line, a float in as many digits as matter."""
    return short(value) if isinstance(value, float) else spelt(value)


def _write(content: bytes, target: Path) -> None:
    """Whole or not at all, also beside other processes that write the same."""
    scratch = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        scratch.write_bytes(content)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
