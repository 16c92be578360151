"""Apply a function to many images, on all cores."""

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

FEW = 200  # images that one process has done before others have started
MANY = 5000  # images from which on a progress bar is shown
CHUNK = 32  # images that a process takes at a time


def parallel_map(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    title: str,
    num_workers: int | None = None,
) -> Iterator[Any]:
    """Apply `function` to each of `items`, by several processes if they are many.

    Processes and not threads, as decoding a small image is half Python code.

    Args:
        function: What can be pickled.
        items: Its arguments.
        title: Of the progress bar.
        num_workers: Processes; None: `default_workers`.

    Returns:
        The results in the order of `items`.

    Raises:
        UserError: A process was killed.
    """
    if num_workers is None:
        num_workers = default_workers()
    # A daemonic process may not have children.
    if len(items) <= FEW or num_workers <= 1 or current_process().daemon:
        results: Iterable[Any] = map(function, items)
    else:
        results = _map_in_pool(function, items, num_workers)
    if len(items) > MANY and is_rank_zero():
        results = track(results, title, total=len(items))
    return iter(results)


def default_workers() -> int:
    """Return how many processes can work on images: one a core of this process, 8 at most."""
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
            "a process that reads images was killed. If memory ran out, data.num_workers=1 takes "
            f"less ({error})"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent process, which then cancels the work, and end when it is killed.

    The standard library's workers would wait for ever for a parent that was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    if parent := parent_process():
        wait([parent.sentinel])
    os._exit(1)
