"""Draw Optuna's plots of one objective, with readable scales and labels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from ocr.formatting import format_score
from ocr.search.results import metrics_of
from ocr.search.space import format_value

MIN_TRIALS = 8  # for importances; fewer trials say nothing


class NoPlotError(Exception):
    """A plot cannot be drawn; the message says why, in a sentence."""


@dataclass(frozen=True)
class Score:
    """The plots of one objective. The caller closes the figures.

    Attributes:
        name: The objective.
        direction: "minimize" or "maximize".
        index: Its place among a trial's values.
        trials: Complete trials.
    """

    name: str
    direction: str
    index: int
    trials: Sequence[FrozenTrial]

    def history(self) -> Any:
        """Draw Optuna's optimization history."""
        from matplotlib.ticker import MaxNLocator
        from optuna.visualization import matplotlib as plots

        axes: Any = plots.plot_optimization_history(self._study(), target_name=self.name)
        for line in axes.lines:
            line.set_drawstyle("steps-post")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        self._scale_values(axes)
        return _lay_out(axes, 10, 4.5)

    def importances(self) -> Any:
        """Draw Optuna's parameter importances."""
        from optuna.visualization import matplotlib as plots

        if 1 < len(self.trials) < MIN_TRIALS:
            raise NoPlotError(
                f"{len(self.trials)} trials that came to a score are too few to tell; it takes "
                f"{MIN_TRIALS}."
            )
        axes: Any = plots.plot_param_importances(self._study(), params=list(self._space()))
        shares = [bar.get_width() for bar in axes.patches]
        if len(set(map(self.value, self.trials))) == 1 or (
            len(shares) > 1
            and min(shares) == max(shares)  # Optuna returns equal shares if it finds no difference
        ):
            raise NoPlotError("these trials don't tell which value matters.")
        axes.get_legend().remove()
        axes.set(xlabel=f"importance for {self.name}", ylabel="")
        return _lay_out(axes, 10, 1 + 0.3 * len(axes.patches))

    def slices(self) -> Any:
        """Draw Optuna's slices, in rows of four."""
        import numpy as np
        from matplotlib.ticker import MaxNLocator
        from optuna.visualization import matplotlib as plots

        drawn: Any = plots.plot_slice(self._study(), target_name=self.name)
        panels = np.atleast_1d(drawn)
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
            axes.set_xlabel(fill(name, 26))  # as wide as the panel
            axes.collections[0].set(cmap="viridis_r", clim=numbers)  # Optuna's begins grey
            self._scale_values(axes)
            if isinstance(distribution, CategoricalDistribution):
                _label_categories(axes, distribution)
            else:
                self._label_numbers(axes.xaxis, name, distribution)
        bar = panels[-1].collections[0].colorbar
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        engine = "constrained" if len(panels) > 1 else "tight"
        return _lay_out(panels[0], max(7, 3.3 * columns), max(4, 2.6 * rows), engine)

    def parallel(self) -> Any:
        """Draw Optuna's parallel coordinates of the trials by rank, the best last, on top."""
        import numpy as np
        from matplotlib.colors import ListedColormap
        from optuna.visualization import matplotlib as plots

        space = self._space()
        merit = sorted(set(map(self.value, self.trials)), reverse=self.direction == "maximize")
        study = make_study(self.trials, ["minimize"], lambda t: [merit.index(self.value(t))])
        axes: Any = plots.plot_parallel_coordinate(study, target_name=self.name)
        lines = axes.collections[0]
        ranks, segments = lines.get_array(), lines.get_segments()
        order = np.argsort(-ranks)
        lines.set_segments([segments[i] for i in order])
        lines.set_array(ranks[order])
        visible = lines.get_cmap()(np.linspace(0, 0.7, 256))  # the end of the map is white
        lines.set_cmap(ListedColormap(visible))
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
                spelling = {str(choice): format_value(choice) for choice in choices}
                spelling |= {"None": "–", "None (value)": "null"} if optional else {}
                texts = [label.get_text() for label in scale.get_yticklabels()]
                if isinstance(distribution, IntDistribution):
                    texts = ["" if "." in text else text for text in texts]
                texts = [_shorten(spelling.get(text, text), 12) for text in texts]
                scale.set_yticks(scale.get_yticks(), texts)
            else:
                self._label_numbers(scale.yaxis, name, distribution)
            for label in scale.get_yticklabels():
                label.set(size=8, bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.5})
        return _lay_out(axes, max(7, 2 + 0.85 * len(names)), 5.5, "tight")

    def latency(self) -> Any:
        """Draw Optuna's Pareto front of this objective and cpu_ms, with the trials' numbers."""
        from optuna.visualization import matplotlib as plots

        def both(trial: FrozenTrial) -> list[float]:
            return [metrics_of(trial)["cpu_ms"], self.value(trial)]

        if self.name == "cpu_ms":
            raise NoPlotError("latency is all that is optimised.")
        timed = [trial for trial in self.trials if metrics_of(trial).get("cpu_ms") is not None]
        study = make_study(timed, ["minimize", self.direction], both)
        axes: Any = plots.plot_pareto_front(study, target_names=["cpu_ms", self.name])
        for trial in study.best_trials:
            axes.annotate(trial.number, trial.values, (5, 5), textcoords="offset points", size=9)
        for text in axes.get_legend().get_texts():  # no single one is the best
            text.set_text({"Best Trial": "none is better in both"}.get(text.get_text(), "trial"))
        axes.set_xlabel("milliseconds on a CPU for one image (cpu_ms)")
        self._scale_values(axes)
        return _lay_out(axes, 10, 5)

    def value(self, trial: FrozenTrial) -> float:
        """Return a trial's value of this objective."""
        return trial.values[self.index]

    def _study(self) -> optuna.Study:
        return make_study(self.trials, [self.direction], lambda trial: [self.value(trial)])

    def _space(self) -> dict[str, Any]:
        """Return the searched values, in the order of Optuna's plots."""
        space = {name: t.distributions[name] for t in self.trials for name in t.params}
        if self.trials and not space:
            raise NoPlotError("no value was searched.")
        return dict(sorted(space.items()))

    def _scale_values(self, axes: Any) -> None:
        """Use a symlog scale where values differ by a factor of 100 or more; zeros occur."""
        values = [self.value(trial) for trial in self.trials]
        least = min((value for value in values if value > 0), default=math.inf)
        if self.direction == "minimize" and min(values) >= 0 and max(values) >= 100 * least:
            axes.set_yscale("symlog", linthresh=10.0 ** math.floor(math.log10(least)))
            axes.yaxis.set_major_formatter("{x:g}")

    def _label_numbers(self, axis: Any, name: str, distribution: Any) -> None:
        """Label whole numbers as such, a single value once, and none in scientific notation."""
        import numpy as np
        from matplotlib.ticker import MaxNLocator, NullLocator

        seen = {trial.params[name] for trial in self.trials if name in trial.params}
        if len(seen) == 1:
            axis.set_minor_locator(NullLocator())
            axis.set_ticks(list(seen), [format_score(*seen)])
        elif distribution.log:  # matplotlib's own ticks run into each other within a decade
            ticks = [float(f"{tick:.2g}") for tick in np.geomspace(min(seen), max(seen), 4)]
            if isinstance(distribution, IntDistribution):
                ticks = sorted({round(tick) for tick in ticks})
            axis.set_minor_locator(NullLocator())
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        else:
            whole = isinstance(distribution, IntDistribution)
            axis.set_major_locator(MaxNLocator(5, integer=whole))


def make_study(
    trials: Sequence[FrozenTrial],
    directions: Sequence[str],
    values: Callable[[FrozenTrial], Sequence[float]],
) -> optuna.Study:
    """Make a study in memory, in which trials keep their numbers.

    Args:
        trials: Trials.
        directions: "minimize" or "maximize" for each value.
        values: Returns the values of a trial.

    Raises:
        NoPlotError: There are fewer than two trials.
    """
    if len(trials) < 2:
        raise NoPlotError(f"it takes two trials that came to a score, not {len(trials)}.")
    study = optuna.create_study(directions=[*directions])  # type: ignore[list-item]
    by_number = {trial.number: trial for trial in trials}
    for number in range(max(by_number) + 1):
        if trial := by_number.get(number):
            space = {name: trial.distributions[name] for name in trial.params}
            frozen = create_trial(values=values(trial), params=trial.params, distributions=space)
        else:  # Optuna numbers by position
            frozen = create_trial(state=TrialState.FAIL)
        study.add_trial(frozen)
    return study


def _label_categories(axes: Any, distribution: CategoricalDistribution) -> None:
    """Label categories as on the command line, at most sixteen, slanted if they need room."""
    names = {repr(choice): _shorten(format_value(choice), 18) for choice in distribution.choices}
    places = axes.get_xticks()
    labels = [names[axes.xaxis.get_major_formatter()(place)] for place in places]
    step = math.ceil(len(labels) / 16)
    axes.set_xticks(places[::step], labels[::step])
    if sum(map(len, labels)) > 28:
        for label in axes.get_xticklabels():
            label.set(rotation=35, ha="right", rotation_mode="anchor")


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _lay_out(axes: Any, width: float, height: float, engine: str = "constrained") -> Any:
    """Size a figure and remove its titles, which the page has.

    Args:
        axes: Its axes.
        width: In inches.
        height: In inches.
        engine: matplotlib's layout engine: "tight" for a single plot to which Optuna has added a
            colour bar, which "constrained" cannot lay out.
    """
    figure = axes.figure
    figure.suptitle("")
    for each in figure.axes:
        each.set_title("")
        each.set_title("", loc="left")
    figure.set_size_inches(width, height)
    figure.set_layout_engine(engine)
    return figure
