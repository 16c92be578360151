"""Number of CPU threads that torch uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ocr.errors import UserError

# Torch's number before `one_thread`, of each thread that is inside it.
_numbers_before: list[int] = []


def require_threads(value: object) -> None:
    """Check the value of `threads`.

    Args:
        value: A number of threads, or None for the default.

    Raises:
        UserError: If it is neither.
    """
    if value is not None and (type(value) is not int or value < 1):
        raise UserError(f"threads={value}: give a whole number, 1 or more")


def use_threads(count: int | None) -> None:
    """Set the number of threads of this process and of those that it starts.

    Args:
        count: None for OMP_NUM_THREADS, or else 1: networks of this size gain little from more, and
            threads that wait for each other lose much if another program needs their cores. With
            one thread the scores don't depend on the number of cores either.

    Raises:
        UserError: If `count` is not a number of threads.
    """
    require_threads(count)
    if count is None and "OMP_NUM_THREADS" in os.environ:
        return
    import torch  # it takes seconds to import

    torch.set_num_threads(count or 1)
    # Otherwise Lightning chooses a number for the processes of a run on several devices.
    os.environ["OMP_NUM_THREADS"] = str(count or 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread, so that it starts no thread pool and the process may fork.

    Torch's number belongs to a thread, and a thread that uses torch for the first time inherits the
    latest one. If it enters here while others are inside, it inherits their 1; the number that they
    had before is restored.
    """
    import torch

    before = max([*_numbers_before, torch.get_num_threads()])
    _numbers_before.append(before)
    try:
        torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)
        _numbers_before.remove(before)
