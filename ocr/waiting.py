"""How the threads that compute wait for each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Event, Thread
from time import monotonic

TASKS = Path("/proc/self/task")  # a folder for each thread of this process, on Linux
COUNTED = Path("/proc/self/schedstat")
# What says how threads wait, how many there are, or where.
CHOICES = {
    "GOMP_CPU_AFFINITY",
    "GOMP_SPINCOUNT",
    "OMP_NUM_THREADS",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "OMP_WAIT_POLICY",
}
INTERVAL = 0.5  # seconds of looking at how long threads have no core
# Threads, on average, that wait for a core. Alone up to 0.05 did, beside a program that needs half
# of a core up to 0.4, beside one that needs all of it 1 (two cores, two threads).
CROWDED = 0.5
PAUSES = (2, 20)  # seconds until the next look: at first, and at most, twice as long each time


def sleep_soon() -> None:
    """Have threads sleep after a short while; for what is yet to load libgomp, which reads this."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


@cache
def watched() -> bool:
    """Whether `sharing_cores` does anything; asked before Lightning sets OMP_NUM_THREADS itself.

    It doesn't where the environment has a choice of its own, and where the system doesn't count how
    long threads have no core.
    """
    with suppress(OSError):
        return not CHOICES & os.environ.keys() and COUNTED.read_text().split()[0] != "0"
    return False


@contextmanager
def sharing_cores() -> Iterator[None]:
    """Torch's threads wait for each other asleep while other programs need the cores.

    libgomp's threads keep their cores busy while they wait, for up to a millisecond, hundreds of
    times in a training step. Nothing is quicker; but beside another program it is they who keep
    from a core the thread that they wait for. They sleep almost at once while libgomp manages more
    threads than there are cores: so an idle pool of threads is held for a while whenever this
    process's threads wait for cores. What is computed, and in which order, stays the same.
    """
    import torch  # which commands that only look at data do without

    threads = torch.get_num_threads()
    if threads == 1 or not watched():
        yield
        return
    over = Event()
    watch = Thread(target=_watch, args=(threads, over), daemon=True, name="sharing_cores")
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def seconds_without_core() -> float:
    """How long this process's threads were ready to run and had no core, all together."""
    nanoseconds = 0
    for task in TASKS.iterdir():
        with suppress(OSError):  # it may have ended
            nanoseconds += int((task / "schedstat").read_text().split()[1])
    return nanoseconds / 1e9


def _watch(threads: int, over: Event) -> None:
    shortest, longest = PAUSES
    pause = shortest
    with suppress(OSError, RuntimeError):  # no more files or threads to be had: go on without
        while not over.is_set():
            without, then = seconds_without_core(), monotonic()
            over.wait(INTERVAL)
            if seconds_without_core() - without < CROWDED * (monotonic() - then):
                pause = shortest
                continue
            with _idle_pool(threads):
                over.wait(pause)
            pause = min(2 * pause, longest)


@contextmanager
def _idle_pool(threads: int) -> Iterator[None]:
    """With threads that make libgomp manage more than there are cores."""
    import torch

    over = Event()

    def hold() -> None:  # each thread that computes has a team of its own, which ends with it
        torch.zeros(threads << 16, dtype=torch.uint8).add_(1)  # large enough for a whole team
        over.wait()

    try:
        for _ in range((len(os.sched_getaffinity(0)) - threads) // (threads - 1) + 1):
            Thread(target=hold, daemon=True, name="idle_pool").start()
        yield
    finally:
        over.set()
