"""The same for many images, on all cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import current_process
from typing import Any

import torch
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from ocr.log import is_first

FEW = 200  # small ones, which one process has done before others would have started
MANY = 5000  # some seconds of work: show it
CHUNK = 32


class _Mapped(Dataset):
    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self.function = function
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.function(self.items[index])


def mapped(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    title: str,
    num_workers: int | None = None,
) -> Iterator[Any]:
    """`function` of each of `items`, in their order; of many by several processes.

    Not by threads: what is small work to Pillow is as much again to Python, which lets only one of
    them at it. Two chunks a process are under way at a time, so memory doesn't grow with the items.
    A tensor among the results had better be a numpy array: each takes a file of shared memory.
    title: of the progress bar. num_workers: the processes; None: as many as there are cores.
    """
    if num_workers is None:
        num_workers = helpers()
    if len(items) <= FEW or num_workers == 1 or current_process().daemon:  # which has no children
        num_workers = 0
    loader = DataLoader(
        _Mapped(function, items),
        batch_size=CHUNK,
        num_workers=num_workers,
        collate_fn=list,
        generator=torch.Generator(),  # not the run's, whose numbers would depend on the items
    )
    results = (result for chunk in loader for result in chunk)
    if len(items) > MANY and is_first():
        results = track(results, title, total=len(items))
    return results


def helpers() -> int:
    """How many processes can work on images: one for each core that this one may use, 8 at most."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(len(affinity(0)) if affinity else os.cpu_count() or 1, 8)
