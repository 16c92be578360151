"""Log the messages of a run to the terminal and train.log, from its first rank only."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning_utilities.core.rank_zero import rank_zero_only

LOG_FILE = "train.log"  # in the run folder

_log = logging.getLogger("ocr")

# Lightning's warnings about things that are intended here, matched by their beginnings.
_EXPECTED = (
    r"Experiment logs directory .* exists and is not empty",  # Hydra has made the run folder
    r"Checkpoint directory .* exists and is not empty",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning's own use of torch
    r"Precision bf16-mixed is not supported by the model summary",
    r"The '(train|val|test)_dataloader' does not have many workers",  # the images are in memory
    r"The number of training batches .* is smaller than the logging interval",
)


class _Screen:
    """Write to the current sys.stdout, which a progress bar replaces while it is drawn."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def info(message: str) -> None:
    """Print a line and write it to the log of the run."""
    if is_rank_zero():
        _log.info(message)


def write_to_log(text: str) -> None:
    """Write text that is printed by other means to the log of the run only.

    Args:
        text: Plain text, of any number of lines.
    """
    record = _log.makeRecord(_log.name, logging.INFO, "", 0, text, (), None)
    for handler in (*logging.getLogger().handlers, *_log.handlers):
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)


def short_path(path: Path) -> Path:
    """Make a path relative to the working directory if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def is_rank_zero() -> bool:
    """Return whether this process is the only one of a run, or its first rank.

    Lightning sets the rank when it is imported; a process without it has no other ranks.
    """
    return getattr(rank_zero_only, "rank", 0) == 0


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Print messages on stderr, in commands without Hydra's logging."""
    handler, level = logging.StreamHandler(sys.stderr), _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(level)


@contextmanager
def log_run(folder: Path) -> Iterator[None]:
    """Print messages and write them to train.log in a folder, unless Hydra's logging does."""
    root, path = logging.getLogger(), folder / LOG_FILE
    files = [h.baseFilename for h in root.handlers if isinstance(h, logging.FileHandler)]
    if not is_rank_zero() or path.resolve() in [Path(file).resolve() for file in files]:
        yield
        return
    handlers: list[logging.Handler] = [logging.FileHandler(path, encoding="utf-8")]
    if not root.handlers:
        handlers.append(logging.StreamHandler(_Screen()))
    level = _log.level
    _log.setLevel(logging.INFO)
    for handler in handlers:
        _log.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            _log.removeHandler(handler)
            handler.close()
        _log.setLevel(level)


def silence_lightning() -> None:
    """Hide Lightning's routine messages and warnings, and print ours above its progress bar."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:  # Hydra's keeps the sys.stdout of its start
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(_Screen())
    for beginning in _EXPECTED:
        warnings.filterwarnings("ignore", beginning)
