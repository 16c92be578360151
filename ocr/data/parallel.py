"""The same for many images, on all cores."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import current_process, parent_process
from multiprocessing.connection import wait
from typing import Any

from rich.progress import track

from ocr.errors import UserError
from ocr.log import is_first

FEW = 200  # small ones, which one process has done before others would have started
MANY = 5000  # some seconds of work: show it
CHUNK = 32


def mapped(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    title: str,
    num_workers: int | None = None,
) -> Iterator[Any]:
    """`function` of each of `items`, in their order; of many by several processes.

    Not by threads: what is small work to Pillow is as much again to Python, which lets only one of
    them at it. Two chunks a process are under way at a time, so memory doesn't grow with the items.
    title: of the progress bar. num_workers: the processes; None: as many as there are cores.
    Raises UserError if one of them ends before its time.
    """
    if num_workers is None:
        num_workers = helpers()
    if len(items) <= FEW or num_workers <= 1 or current_process().daemon:  # which has no children
        results = map(function, items)
    else:
        results = chain.from_iterable(_shared_out(function, items, num_workers))
    if len(items) > MANY and is_first():
        results = track(results, title, total=len(items))
    return results


def _shared_out(
    function: Callable[[Any], Any], items: Sequence[Any], num_workers: int
) -> Iterator[list[Any]]:
    """The results, by chunks."""
    # The function goes to each process once; it may share something with them.
    pool = ProcessPoolExecutor(num_workers, initializer=begin, initargs=(function,))
    under_way = deque()
    try:
        chunks = (pool.submit(work, items[i : i + CHUNK]) for i in range(0, len(items), CHUNK))
        under_way.extend(islice(chunks, 2 * num_workers))
        while under_way:
            done = under_way.popleft().result()
            under_way.extend(islice(chunks, 1))
            yield done
    except BrokenProcessPool as error:
        raise UserError(
            "a process that looked at images ended before its time. If memory ran out, "
            f"data.num_workers=1 takes less ({error})"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def begin(function: Callable[[Any], Any]) -> None:
    """What a process does first. It will call `function`."""
    global _function
    _function = function
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # as under nohup, where all go on
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it, and needs no traceback
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed one can't say that there will be no more to do."""
    wait([parent_process().sentinel])
    os._exit(1)


def work(items: Sequence[Any]) -> list[Any]:
    """Its results, in the order of `items`."""
    return [_function(item) for item in items]


def helpers() -> int:
    """How many processes can work on images: one for each core that this one may use, 8 at most."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(len(affinity(0)) if affinity else os.cpu_count() or 1, 8)
