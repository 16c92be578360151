"""How many CPU threads torch computes with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ocr.errors import UserError

# What the threads inside `one_thread` had before: one entry each, while they are inside.
_outside: list[int] = []


def require_threads(value: object) -> None:
    """Raise UserError for a `threads` that is no number of threads; null leaves it open."""
    if value is not None and (type(value) is not int or value < 1):
        raise UserError(f"threads={value}: give a whole number, 1 or more")


def use_threads(count: int | None) -> None:
    """Let this process compute with `count` threads, and the processes that it starts as well.

    Args:
        count: None takes what OMP_NUM_THREADS says, or one: networks of this size gain little from
            more, and threads that wait for each other lose a lot as soon as another program needs
            their cores. One also gives the same scores on a machine with any number of cores.

    Raises:
        UserError: `count` is no number of threads.
    """
    require_threads(count)
    if count is None and "OMP_NUM_THREADS" in os.environ:
        return
    import torch  # which takes seconds to load; to check a number needs none of it

    torch.set_num_threads(count or 1)
    # Or Lightning would choose for the further processes of a run on several devices.
    os.environ["OMP_NUM_THREADS"] = str(count or 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute with one thread, where sharing costs more than it saves, or to compare.

    Then it starts no pool of threads and needs none, so a forked process can do the same.

    Torch's number belongs to the thread that sets it, but is also what a thread begins with that
    uses torch for the first time. So a thread that first comes here while others are inside finds
    their 1, and is given back what they had.
    """
    import torch

    before = max([*_outside, torch.get_num_threads()])
    _outside.append(before)
    try:
        torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)
        _outside.remove(before)
