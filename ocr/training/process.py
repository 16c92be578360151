"""A process for each run: what a run does to itself stays there.

It is forked from a server that has torch loaded already, and while the run before it trains, so
that it costs no start-up time.
"""

import contextlib
import gc
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from ocr.config.hydra_errors import explain

# What the server loads before it forks: all that train.py and conf/ will ask for.
_PRELOAD = ["ocr.search.preload"]


def run_command(command: list[str], cwd: str, log: Path | None) -> str | None:
    """Run a script with its arguments; returns why it failed, or None. log: takes its output."""
    reason, _ = run_job(command, cwd, log, None)
    return reason


def run_job(
    command: list[str],
    cwd: str,
    log: Path | None,
    job: Callable[[str], Any] | None,
    errand: Callable[[], Any] | None = None,
) -> tuple[str | None, Any]:
    """As `run_command`; job: called with the script's path, does what the command line says.

    errand: see `tell_ahead`. Returns why the job failed, or None; and what it returned.
    """
    parent = os.getppid()
    # A worker of a launcher whose own parent was killed must not train on for nobody; but a search
    # goes on when the shell that it was started from is gone.
    worker = multiprocessing.current_process().name != "MainProcess"
    while _ending:  # a GPU's memory is to be free for the next one
        with contextlib.suppress(IndexError):
            _ending.pop().join()
    child = _take()
    try:
        with contextlib.suppress(BrokenPipeError):  # killed while it waited, as will be seen
            child.orders.send((command, cwd, log, job))
        _prepare()
        if errand:
            tell_ahead(errand)
        gc.collect()  # now, while there is time for it
        while not wait([child.outcomes, child.process.sentinel], timeout=1):
            if worker and os.getppid() != parent:
                child.kill()
                os._exit(1)
        outcome = child.outcome()
    except BaseException:
        child.signal(signal.SIGINT)
        child.process.join(timeout=20)
        child.kill()
        raise
    ending = threading.Thread(target=child.end)  # which nobody needs to wait for
    ending.start()
    _ending.append(ending)
    return outcome


def run_aside(task: Callable[[str], Any]) -> tuple[str | None, Any]:
    """As `run_job`, for a task of this script that no run has to wait for."""
    try:
        child = _Child.start()
    except (OSError, EOFError) as error:
        return f"no process to be had: {explain(error)}", None
    try:
        with contextlib.suppress(BrokenPipeError):  # killed meanwhile, as will be seen
            child.orders.send((sys.argv, str(Path.cwd()), None, task))
        wait([child.outcomes, child.process.sentinel])
        return child.outcome()
    finally:
        child.kill()


def tell_ahead(errand: Callable[[], Any]) -> None:
    """Have the process that waits for the next run call this meanwhile; its errors are ignored."""
    try:
        child = _ready.pop()  # or another thread could send it its orders in between
    except IndexError:
        return
    try:
        child.orders.send(errand)
    except BaseException as error:  # half of it may have been sent
        child.kill()
        if not isinstance(error, Exception):
            raise
    else:
        _ready.append(child)


@dataclass
class _Child:
    """A process that waits for its orders, follows them, and tells what came of it."""

    process: BaseProcess
    orders: Connection
    outcomes: Connection

    @classmethod
    def start(cls) -> "_Child":
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            context.set_forkserver_preload(_PRELOAD)
        if multiprocessing.get_start_method() not in methods:
            # A worker of joblib's is told of a method that only joblib knows, and would pass it on.
            multiprocessing.set_start_method(context.get_start_method(), force=True)
        receiver, orders = context.Pipe(duplex=False)
        outcomes, sender = context.Pipe(duplex=False)
        process = context.Process(target=_live, args=(receiver, sender))
        process.start()
        receiver.close()
        sender.close()
        return cls(process, orders, outcomes)

    def signal(self, number: int) -> None:
        """To it, its further ranks and its workers."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def end(self) -> None:
        """Let it come to its end, and end what it leaves behind."""
        self.process.join()
        self.kill()

    def kill(self) -> None:
        """End it, its further ranks and its workers."""
        self.signal(signal.SIGKILL)
        self.process.kill()  # which may not have become the first of a group yet
        self.process.join()

    def outcome(self) -> tuple[str | None, Any]:
        """What it said, see `run_job`; or if it had no time to, how it died."""
        with contextlib.suppress(EOFError, OSError):
            if self.outcomes.poll():
                return self.outcomes.recv()
        self.process.join()
        code = self.process.exitcode
        if code >= 0:
            return f"its process ended with code {code}" if code else None, None
        name = signal.Signals(-code).name
        hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}", None


_ready: deque[_Child] = deque()
_ending: deque[threading.Thread] = deque()


def _take() -> _Child:
    """One that is ready, if there is."""
    with contextlib.suppress(IndexError):
        child = _ready.pop()
        if child.process.is_alive():
            return child
        child.kill()
    return _Child.start()


def _prepare() -> None:
    """Have one ready for the next time; if it can't be had, that is no reason to fail now."""
    _end_with_this_process()
    with contextlib.suppress(OSError, EOFError):
        if not _ready:
            _ready.append(_Child.start())


@cache
def _end_with_this_process() -> None:
    """Or its end would wait for the one that waits for orders; also where it is a child itself."""
    Finalize(None, _dismiss, exitpriority=1)


def _dismiss() -> None:
    while _ready:
        _ready.pop().kill()


def _live(orders: Connection, outcomes: Connection) -> None:
    os.setpgid(0, 0)  # with the further ranks and workers it starts, it ends as one
    # Those that look at images or load them begin as in a run by itself: as this process did,
    # by a server, each would wait seconds for a server of its own that loads all of torch.
    multiprocessing.set_start_method(None, force=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        while callable(order := orders.recv()):
            with contextlib.suppress(Exception):  # the run will see, and say it, itself
                order()
    except EOFError:  # no more runs
        return
    outcomes.send(_follow(*order))


def _follow(
    command: list[str], cwd: str, log: Path | None, job: Callable[[str], Any] | None
) -> tuple[str | None, Any]:
    if log:
        try:
            _redirect(log)
        except OSError as error:  # a traceback would go to the terminal
            return f"{log} can't be written: {error.strerror}", None
    sys.argv[:] = command
    sys.path[0] = str(Path(command[0]).parent)
    try:
        os.chdir(cwd)
        if job:
            return None, job(command[0])
        runpy.run_path(command[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return end.code.removeprefix("error: "), None
        return f"its process ended with code {end.code}" if end.code else None, None
    except BaseException as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {explain(error)}", None
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return None, None


def _redirect(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.killpg(0, signal.SIGKILL)
