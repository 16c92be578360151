"""The same for many images, on all cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.progress import track
from torch.utils.data import DataLoader, Dataset

FEW = 1000  # which one process has done before others would have started
MANY = 5000  # some seconds of work: show it
CHUNK = 64


class _Mapped(Dataset):
    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self.function = function
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.function(self.items[index])


def mapped(function: Callable[[Any], Any], items: Sequence[Any], title: str) -> Iterator[Any]:
    """`function` of each of `items`, in their order; of many by several processes.

    Not by threads: what is small work to Pillow is as much again to Python, which lets only one of
    them at it. Few results are under way at a time, so memory doesn't grow with the items. A tensor
    among them had better be a numpy array: each takes a file of shared memory.
    title: of the progress bar.
    """
    workers = min(os.cpu_count() or 1, 8) if len(items) > FEW else 0
    if workers == 1:
        workers = 0
    loader = DataLoader(
        _Mapped(function, items), batch_size=CHUNK, num_workers=workers, collate_fn=list
    )
    results = (result for chunk in loader for result in chunk)
    return track(results, title, total=len(items)) if len(items) > MANY else results
