"""Run a task in a process of its own, so that the caller survives a crash of the task.

Each process is forked from a server that has imported torch already; on Windows, which has no such
server, it is a new interpreter. It leads a process group, so that the further ranks and data loader
workers that it starts end with it.
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ocr.config.hydra_errors import explain
from ocr.errors import UserError

# Modules that the server imports, because a run would take seconds to import them.
_PRELOAD = (
    "torch",
    "optuna",
    "alembic.command",  # Optuna imports it and SQLAlchemy when it opens a database
    "sqlalchemy.orm",
    "pytorch_lightning.loggers",
    "torchmetrics.text",
    "ocr.callbacks.character_alignment",
    "ocr.callbacks.checkpointing",
    "ocr.callbacks.csv_logger",
    "ocr.callbacks.early_stopping",
    "ocr.callbacks.health_monitor",
    "ocr.callbacks.lr_backoff",
    "ocr.callbacks.lr_monitor",
    "ocr.callbacks.predictions",
    "ocr.callbacks.training_timer",
    "ocr.callbacks.weight_averaging",
    "ocr.data.augmentation.light",
    "ocr.data.factory",
    "ocr.models.encoders",
    "ocr.models.heads",
    "ocr.models.module",
    "ocr.models.recurrent",
    "ocr.search.trial_callback",
    "ocr.training.results",
    "ocr.training.trainer",
)
_INTERRUPT_SECONDS = 20  # time for an interrupted task to end by itself
# Longest reason of a failure, in characters: sending more than the pipe's buffer holds would block.
_MAX_REASON = 1000


def run_task(
    task: Callable[[], object], command: Sequence[str], cwd: Path, log: Path | None
) -> str | None:
    """Call a function in a process of its own, and wait for its end.

    An exception in this process, such as KeyboardInterrupt, interrupts the task, kills it if it
    does not end soon, and is raised again.

    Args:
        task: The function. It is pickled.
        command: `sys.argv` of the process.
        cwd: Working directory of the process.
        log: A file for the output; None leaves it on the terminal.

    Returns:
        Why the task failed, or None.
    """
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(task, list(command), cwd, log, sender))
    try:
        process.start()
    except OSError as error:
        return f"its process cannot be started: {explain(error)}"
    finally:
        sender.close()
    try:
        _wait(process)
    except BaseException:
        _signal_group(process, signal.SIGINT)
        process.join(_INTERRUPT_SECONDS)
        raise
    finally:
        _kill_group(process)
    with suppress(EOFError):
        if receiver.poll():
            return receiver.recv()
    return _exit_reason(process.exitcode)


def _context() -> Any:
    """Return the multiprocessing context whose processes start fastest."""
    methods = multiprocessing.get_all_start_methods()
    if multiprocessing.get_start_method() not in methods:
        # A worker of joblib has a start method that only joblib knows; a child would inherit it.
        multiprocessing.set_start_method(None, force=True)
    if "forkserver" not in methods:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOAD])
    return context


def _wait(process: BaseProcess) -> None:
    """Wait for the end of a process; if this process is an orphaned worker, end both."""
    parent = os.getppid()
    is_worker = multiprocessing.current_process().name != "MainProcess"
    while not wait([process.sentinel], timeout=1):
        # A launcher's worker notices too late by itself that the search was killed. The search
        # itself must survive the shell that started it.
        if is_worker and os.getppid() != parent:
            _kill_group(process)
            os._exit(1)


def _signal_group(process: BaseProcess, number: int) -> None:
    if hasattr(os, "killpg") and process.pid:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _kill_group(process: BaseProcess) -> None:
    if hasattr(signal, "SIGKILL"):
        _signal_group(process, signal.SIGKILL)
    process.kill()  # in case it doesn't lead its group yet
    process.join()


def _exit_reason(code: int | None) -> str | None:
    """Explain the exit code of a process that sent no reason itself."""
    if code is None or code >= 0:
        return f"its process ended with code {code}" if code else None
    name = signal.Signals(-code).name
    hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return f"its process was killed by {name}{hint}"


def _run(
    task: Callable[[], object],
    command: list[str],
    cwd: Path,
    log: Path | None,
    reason: Connection,
) -> None:
    """Call the task in the new process, and send the reason of its failure."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    # Otherwise data loader workers would start from a further server, which imports torch again.
    multiprocessing.set_start_method(None, force=True)
    # The system does not end a process when its parent is killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    failure = _failure(task, command, cwd, log)
    if failure and len(failure) > _MAX_REASON:
        failure = f"{failure[:_MAX_REASON]} ..."
    reason.send(failure)


def _failure(
    task: Callable[[], object], command: list[str], cwd: Path, log: Path | None
) -> str | None:
    """Call the task, and return the reason of its failure or None."""
    try:
        if log:
            _redirect_output(log)
    except OSError as error:
        return f"{log} can't be written: {error.strerror}"
    sys.argv[:] = command
    sys.path[0] = str(Path(command[0]).parent)
    try:
        os.chdir(cwd)
        task()
    except UserError as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return explain(error)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return end.code.removeprefix("error: ")
        return f"its process ended with code {end.code}" if end.code else None
    except BaseException as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {explain(error)}"
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return None


def _redirect_output(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
