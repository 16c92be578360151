"""What a run tells the person, once, however many processes it has."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning_utilities.core.rank_zero import rank_zero_only

_log = logging.getLogger("ocr")

# Lightning's remarks on what is meant to be so here; each is matched by its beginning.
_EXPECTED = (
    r"Experiment logs directory .* exists and is not empty",  # Hydra has made the run folder
    r"Checkpoint directory .* exists and is not empty",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning's own use of torch
    r"Precision bf16-mixed is not supported by the model summary",
    r"The '(train|val|test)_dataloader' does not have many workers",  # the images are in memory
    r"The number of training batches .* is smaller than the logging interval",
)


class _Screen:
    """What sys.stdout is when something is written: a progress bar stands in for it meanwhile."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def info(message: str) -> None:
    """Print a line, and keep it in the run folder's log."""
    if is_first():
        _log.info(message)


def keep(text: str) -> None:
    """Add to the run folder's log what is printed by other means.

    Args:
        text: Plain text, of any number of lines.
    """
    record = _log.makeRecord(_log.name, logging.INFO, "", 0, text, (), None)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)


def shown(path: Path) -> Path:
    """Shorten a path for a message: relative to where the person stands, if it lies below.

    Args:
        path: An absolute path.
    """
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def is_first() -> bool:
    """Whether this is the only process of a run, or the first of several.

    Lightning tells their ranks as soon as it is loaded, which takes seconds: who hasn't is alone.
    """
    return getattr(rank_zero_only, "rank", 0) == 0


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Print what is said on stderr, in commands that have no Hydra to make a log for them."""
    handler, level = logging.StreamHandler(sys.stderr), _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(level)


@contextmanager
def capture_messages() -> Iterator[list[str]]:
    """The lines that are said meanwhile."""
    lines: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        lines.append(record.getMessage())
        return True

    _log.addFilter(note)
    try:
        yield lines
    finally:
        _log.removeFilter(note)


def silence_libraries() -> None:
    """Keep the frameworks' routine remarks off the screen; their real warnings stay.

    What is said goes above a progress bar.
    """
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:  # Hydra's holds on to what sys.stdout was
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(_Screen())
    for beginning in _EXPECTED:
        warnings.filterwarnings("ignore", beginning)
