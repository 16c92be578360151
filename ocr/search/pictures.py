"""Draw the plots of a report as PNG files."""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ocr.search.plots import NoPlotError, Score


def plots_of(
    trials: Sequence[FrozenTrial], objectives: Sequence[str], directions: Sequence[str]
) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Yield the plots of a search.

    Args:
        trials: Trials of any state.
        objectives: Names in metrics.json.
        directions: "minimize" or "maximize" for each objective.

    Yields:
        The file name without .png, the title, and a function that returns the figure or raises
        NoPlotError.
    """
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pairs = zip(objectives, directions, strict=True)
    scores = [Score(name, direction, i, done) for i, (name, direction) in enumerate(pairs)]
    for score in scores:
        suffix = f"_{score.index + 1}" if len(scores) > 1 else ""
        yield f"history{suffix}", f"{score.name}, trial by trial", score.history
        yield f"importances{suffix}", f"What matters for {score.name}", score.importances
        yield f"slice{suffix}", f"{score.name} by value", score.slices
        yield f"parallel{suffix}", f"{score.name} and all values together", score.parallel
    accuracy = next((score for score in scores if score.name != "cpu_ms"), scores[0])
    yield "latency", f"{accuracy.name} against latency", accuracy.latency


@contextmanager
def plotting() -> Iterator[None]:
    """Draw without windows, warnings and messages, and restore the settings afterwards."""
    import matplotlib

    verbosity = optuna.logging.get_verbosity()
    backend = matplotlib.rcParams.copy()["backend"]  # a copy: reading the original would choose one
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


def png(draw: Callable[[], Any]) -> bytes:
    """Draw a plot as a PNG.

    Args:
        draw: Returns the figure, which is closed.

    Raises:
        NoPlotError: There is nothing to draw, or the plot fails.
    """
    import matplotlib
    from matplotlib import pyplot

    file = io.BytesIO()
    others = set(pyplot.get_fignums())
    try:
        with matplotlib.rc_context({"text.parse_math": False}):  # names may hold a $
            draw().savefig(file, format="png", dpi=90)
    except NoPlotError:
        raise
    except Exception as error:  # a plot must not end a search
        raise NoPlotError(f"it can't be drawn ({type(error).__name__}: {error}).") from error
    finally:
        for number in set(pyplot.get_fignums()) - others:
            pyplot.close(number)
    return file.getvalue()
