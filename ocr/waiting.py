"""How the threads that compute wait for each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic

TASKS = Path("/proc/self/task")  # a folder for each thread of this process, on Linux
INTERVAL = 0.5  # seconds between two looks at the cores
# Others need the cores from so many threads on, on average, that wait for one, and no more after
# LOOKS looks at fewer than CALM. Alone there were up to 0.05, beside a program that needs half a
# core up to 0.4, beside one that needs a whole core 0.45 (with the idle pool) to 1.
CROWDED, CALM, LOOKS = 0.5, 0.4, 3


def watched() -> bool:
    """Whether `sharing_cores` does anything.

    It doesn't where the environment says how threads wait, and where the system doesn't count how
    long they are kept from a core.
    """
    chosen = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys()
    return not chosen and Path("/proc/self/schedstat").exists()


@contextmanager
def sharing_cores() -> Iterator[None]:
    """Torch's threads wait for each other asleep while other programs need the cores.

    libgomp's threads keep their cores busy while they wait, for up to a millisecond, hundreds of
    times in a training step. Nothing is quicker; but beside another program it is they who keep
    from a core the thread that they wait for. They sleep almost at once while libgomp manages more
    threads than there are cores: so an idle pool of threads is held while this process's threads
    wait for cores. What is computed, and in which order, stays the same.
    """
    import torch  # which commands that only look at data do without

    if torch.get_num_threads() == 1 or not watched():
        yield
        return
    over = Event()
    watch = Thread(target=_watch, args=(over,), daemon=True)
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


def _watch(over: Event) -> None:
    pool: Event | None = None
    calm = 0
    without, now = seconds_without_core(), monotonic()
    while not over.wait(INTERVAL):
        before, then = without, now
        without, now = seconds_without_core(), monotonic()
        waiting = (without - before) / (now - then)
        calm = calm + 1 if waiting < CALM else 0
        if pool is None and waiting > CROWDED:
            pool = _idle_pool()
        elif pool and calm >= LOOKS:
            pool.set()
            pool = None
    if pool:
        pool.set()


def _idle_pool() -> Event:
    """Threads that make libgomp manage more than there are cores, until the event is set."""
    import torch

    threads = torch.get_num_threads()
    over = Event()

    def hold() -> None:  # each thread that computes has a team of its own, which ends with it
        torch.zeros(threads << 16, dtype=torch.uint8).add_(1)  # large enough for a whole team
        over.wait()

    for _ in range((len(os.sched_getaffinity(0)) - threads) // (threads - 1) + 1):
        Thread(target=hold, daemon=True).start()
    return over
