"""Apply a function to many images in several processes."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import current_process, parent_process
from multiprocessing.connection import wait
from typing import Any

from rich.progress import track

from ocr.errors import UserError
from ocr.log import is_rank_zero

MAX_SERIAL = 200  # images that take one process less time than starting others
MIN_PROGRESS = 5000  # images; a progress bar is shown for more
CHUNK = 32  # images that a process takes at a time


def parallel_map(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    title: str,
    num_workers: int | None = None,
) -> Iterator[Any]:
    """Apply `function` to each of `items`, in several processes if there are many.

    Threads would be slower: half of the time to decode a small image is Python code.

    Args:
        function: The function, which must be picklable.
        items: Its arguments.
        title: The title of the progress bar.
        num_workers: The number of processes; None: `default_workers`.

    Returns:
        The results in the order of `items`.

    Raises:
        UserError: A process was killed.
    """
    if num_workers is None:
        num_workers = default_workers()
    # Daemonic processes can't start others.
    if len(items) <= MAX_SERIAL or num_workers <= 1 or current_process().daemon:
        results: Iterable[Any] = map(function, items)
    else:
        results = _map_in_pool(function, items, num_workers)
    if len(items) > MIN_PROGRESS and is_rank_zero():
        results = track(results, title, total=len(items))
    return iter(results)


def default_workers() -> int:
    """Return the number of cores that this process may use, at most 8."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(len(affinity(0)) if affinity else os.cpu_count() or 1, 8)


def _map_in_pool(
    function: Callable[[Any], Any], items: Sequence[Any], num_workers: int
) -> Iterator[Any]:
    pool = ProcessPoolExecutor(num_workers, initializer=_start_worker)
    try:
        yield from pool.map(function, items, chunksize=CHUNK)
    except BrokenProcessPool as error:
        raise UserError(
            "a process that reads images was killed; if memory ran out, give data.num_workers=1 "
            f"({error})"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent process, which cancels the work, and end when it is killed.

    The workers of `ProcessPoolExecutor` would wait forever for a parent that was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    if parent := parent_process():
        wait([parent.sentinel])
    os._exit(1)
