"""Shuffled batches of images of similar width, which can resume in the middle of an epoch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ocr.errors import UserError
from ocr.formatting import pluralize

POOL = 32  # batches whose images are sorted by width: larger pools pad less, smaller ones mix more


class ShuffledBatchSampler(Sampler[list[int]]):
    """Yields the training batches of one device.

    In an epoch all devices together see every image once, and have equally many batches: if the
    last images are too few for a batch on each device, they are added to the batch before.
    To reduce padding, each pool of POOL batches is sorted by width, and its batches are shuffled.

    Args:
        count: The number of images, at least one for each device.
        batch_size: The number of images in a batch of one device.
        devices: The number of devices.
        rank: The number of this device.
        seed: Determines the order, together with the epoch.
        widths: The widths of the images in pixels, (N,); image i has width `i % N`.

    Attributes:
        epoch: The number of the next epoch.
        start: The number of batches that the next epoch skips, after a resume.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        devices: int,
        rank: int,
        seed: int,
        widths: np.ndarray,
    ) -> None:
        self.count = count
        self.batch_size = batch_size
        self.devices = devices
        self.rank = rank
        self.seed = seed
        self.widths = widths if widths.min() < widths.max() else None
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        full, rest = divmod(self.count, self.batch_size * self.devices)
        return max(1, full + (rest >= self.devices))

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of the next epoch."""
        # A generator starts at the first `next`: iterators that are never used don't count.
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self.count, generator=generator)
        if self.widths is not None:
            order = self._by_width(order, generator)
        start, self.start, self.epoch = self.start, 0, self.epoch + 1
        step = self.batch_size * self.devices
        for i in range(start, len(self)):
            end = (i + 1) * step if i + 1 < len(self) else self.count
            yield order[i * step + self.rank : end : self.devices].tolist()

    def _by_width(self, order: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        step = self.batch_size * self.devices
        pools = np.arange(self.count) // (POOL * step)
        widths = self.widths[order.numpy() % len(self.widths)]  # type: ignore[index, arg-type]
        order = order[np.lexsort((widths, pools))]
        full = len(self) - 1  # the last batch stays last, as it may be larger
        keys = torch.rand(full, generator=generator).numpy()
        batch_order = torch.from_numpy(np.lexsort((keys, np.arange(full) // POOL)))
        shuffled = order[: full * step].view(full, step)[batch_order].flatten()
        return torch.cat([shuffled, order[full * step :]])


class ShuffledLoader(DataLoader):
    """A DataLoader with a `ShuffledBatchSampler`, whose state Lightning saves in checkpoints.

    Args:
        dataset: The training images.
        batches: The sampler.
        done: Returns how many batches of the current epoch have been trained on. The loader doesn't
            know, as it loads ahead.
        kwargs: See `DataLoader`.
    """

    def __init__(
        self,
        dataset: Dataset,
        batches: ShuffledBatchSampler,
        done: Callable[[], int],
        **kwargs: Any,
    ) -> None:
        super().__init__(dataset, batch_sampler=batches, **kwargs)
        self.done = done

    def state_dict(self) -> dict[str, int]:
        """Return the position in the current epoch, and what its order depends on."""
        batches, done = self.batch_sampler, self.done()
        return {
            "seed": batches.seed,
            "epoch": batches.epoch - 1 if done else batches.epoch,
            "done": done,
            "images": batches.count,
            "batch_size": batches.batch_size,
            "devices": batches.devices,
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue at the position of `state`.

        Raises:
            UserError: The epoch has begun, and its images or batches were others.
        """
        batches = self.batch_sampler
        now = {
            "images": batches.count,
            "batch_size": batches.batch_size,
            "devices": batches.devices,
        }
        then = {key: state[key] for key in now}
        if state["done"] and then != now:
            raise UserError(
                f"ckpt_path was saved in the middle of an epoch of {_describe(then)}, but this run "
                f"has {_describe(now)}: give the same data, data.batch_size and trainer.devices"
            )
        batches.seed, batches.epoch, batches.start = state["seed"], state["epoch"], state["done"]


def _describe(state: dict[str, int]) -> str:
    devices = pluralize(state["devices"], "device")
    return f"{state['images']:,} images in batches of {state['batch_size']} on {devices}"
