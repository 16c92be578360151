"""The number of CPU threads that torch uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ocr.errors import UserError

# Torch's number before `one_thread`, one for each caller that is inside it.
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
        count: None: OMP_NUM_THREADS, or else 1. Networks of this size gain little from more
            threads, which slow each other down if another program uses the same cores. With one
            thread, scores don't depend on the number of cores.

    Raises:
        UserError: If `count` is not a number of threads.
    """
    require_threads(count)
    if count is None and "OMP_NUM_THREADS" in os.environ:
        return
    import torch  # takes seconds

    torch.set_num_threads(count or 1)
    # Otherwise Lightning chooses a number for the processes of a run on several devices.
    os.environ["OMP_NUM_THREADS"] = str(count or 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread, so that it starts no thread pool and the process may fork.

    Torch keeps the number per thread, and a new thread inherits the latest one. A thread that
    enters while others are inside inherits their 1, so the number from before is restored.
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
