"""The pictures of a report: which there are, each drawn into a PNG without a trace elsewhere."""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial, TrialState

from ocr.search.plots import NoPictureError, Score

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def pictures(
    trials: Sequence[FrozenTrial], objectives: Sequence[str], directions: Sequence[str]
) -> Iterator[tuple[str, str, Callable[[], "Figure"]]]:
    """File name without .png, title, and what draws it or raises NoPictureError."""
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
def aside() -> Iterator[None]:
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


def png(draw: Callable[[], "Figure"]) -> bytes:
    """What `draw` draws, as a file. Raises NoPictureError."""
    import matplotlib
    from matplotlib import pyplot

    file = io.BytesIO()
    others = set(pyplot.get_fignums())
    try:
        with matplotlib.rc_context({"text.parse_math": False}):  # names may hold a $
            draw().savefig(file, format="png", dpi=90)
    except NoPictureError:
        raise
    except Exception as error:  # a search of days must not end for a picture
        raise NoPictureError(f"it can't be drawn ({type(error).__name__}: {error}).") from error
    finally:
        for number in set(pyplot.get_fignums()) - others:
            pyplot.close(number)
    return file.getvalue()
