"""End a command with one line for a user's mistake, and with a traceback for a bug."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from traceback import extract_tb

from ocr.errors import UserError

# Whether the user asked for tracebacks; `report_errors` sets HYDRA_FULL_ERROR as well, here and in
# the processes that this one starts.
_TRACEBACKS = os.environ.get("HYDRA_FULL_ERROR") == "1" and "OCR_PLAIN_ERRORS" not in os.environ
_INTERRUPTED, _TERMINATED = 130, 143  # the exit codes of a shell after Ctrl-C and SIGTERM


@contextmanager
def report_errors() -> Iterator[None]:
    """Print a `UserError`, or an error of Hydra's about an override, as one line and exit with 1.

    Any other exception is a bug and keeps its traceback. HYDRA_FULL_ERROR=1 shows all
    tracebacks.
    """
    # Otherwise Hydra prints a traceback and exits by itself.
    os.environ.update(HYDRA_FULL_ERROR="1", OCR_PLAIN_ERRORS="1")
    try:
        yield
    except KeyboardInterrupt:
        if _TRACEBACKS:
            raise
        sys.exit(_INTERRUPTED)
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # Lightning turns Ctrl-C into SystemExit
            sys.exit(_INTERRUPTED)
        # Compared by name, as importing Lightning takes seconds. Lightning's exit code is 0.
        if type(end).__name__ == "SIGTERMException":
            sys.exit(_TERMINATED)
        raise
    except Exception as error:
        line = None if _TRACEBACKS else _line(error)
        if line is None:
            raise
        sys.stdout.flush()
        sys.exit(f"error: {line}")


def _line(error: Exception) -> str | None:
    """Describe a user's mistake in one line; None for a bug."""
    if isinstance(error, UserError):
        return error.line()
    from ocr.config.hydra_errors import explain, is_about_config  # imports Hydra

    if is_about_config(error):
        return explain(error)
    if isinstance(error, OSError) and (key := _folder_key(error)):
        place = error.filename or "the folder"
        return f"{key}: cannot write {place}: {error.strerror}. Give another folder"
    return None


def _folder_key(error: OSError) -> str | None:
    """Return the key of the folder that Hydra was making before it called the task, or None.

    Hydra has no exception of its own for this, so the names of its functions tell (Hydra 1.4). If
    they change, the user sees a traceback again.
    """
    names = [frame.name for frame in extract_tb(error.__traceback__)]
    if {*pairwise(names)} & {("sweep", "mkdir"), ("sweep", "save")}:
        return "hydra.sweep.dir"
    if "_run_job" in names and "_task" not in names[names.index("_run_job") :]:
        return "hydra.run.dir"
    return None
