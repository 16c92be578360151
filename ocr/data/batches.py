"""Which images share a batch: those of about the same width, so that little is padding."""

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
from torch.utils.data import Sampler

from ocr.data.dataset import CaptionedImages

POOL = 32  # batches among which the images are sorted: large pools pad less, small ones mix more


class WidthBatches(Sampler[list[int]]):
    """Batches of `batch_size` of the indices that `sampler` gives.

    Where widths differ, each pool of POOL batches is sorted by width, and its batches come in
    random order; so every index comes as often as in `sampler`. A sampler in a fixed order (any
    sized iterable that is no Sampler) is cut into batches as it comes.
    """

    def __init__(self, sampler: Iterable[int], dataset: CaptionedImages, batch_size: int) -> None:
        self.sampler = sampler  # Lightning calls its set_epoch
        self.dataset = dataset
        self.batch_size = batch_size
        widths = [sample.width for sample in dataset.samples]
        self._sorts = isinstance(sampler, Sampler) and min(widths) < max(widths)

    def __len__(self) -> int:
        """The number of batches."""
        return -(-len(self.sampler) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        """Lists of indices, all but the last of each pool of the same length."""
        if not self._sorts:
            yield from self._cut(list(self.sampler))
            return
        samples = self.dataset.samples
        indices = iter(self.sampler)
        while pool := list(islice(indices, POOL * self.batch_size)):
            pool.sort(key=lambda i: samples[i % len(samples)].width)
            batches = self._cut(pool)
            for k in torch.randperm(len(batches)).tolist():
                yield batches[k]

    def _cut(self, indices: list[int]) -> list[list[int]]:
        starts = range(0, len(indices), self.batch_size)
        return [indices[start : start + self.batch_size] for start in starts]
