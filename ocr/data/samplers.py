"""Shuffled batches of images of similar width, resumable in the middle of an epoch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ocr.errors import UserError
from ocr.formatting import pluralize

POOL = 32  # batches among which images are sorted: large pools pad less, small ones mix more


class ShuffledBatchSampler(Sampler[list[int]]):
    """Draws the training batches of one device.

    The batches of all devices together hold every image once an epoch, and all devices have
    equally many: where the last images are too few for a batch on each, they join the batch before.
    Images of similar width share a batch, so that little is padding: pools of POOL batches are
    sorted by width, and their batches come in random order.

    Args:
        count: Images, at least one for each device.
        batch_size: Of one device.
        devices: How many train together.
        rank: Which one this is.
        seed: Another number gives another order.
        widths: Of the images, in pixels.

    Attributes:
        epoch: The number of the next epoch; each has another order.
        start: Batches that the next epoch skips, as they were trained on before a stop.
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
        """Batches in an epoch."""
        full, rest = divmod(self.count, self.batch_size * self.devices)
        return max(1, full + (rest >= self.devices))

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of the next epoch."""
        # The epoch counts only once a batch is asked for: loaders make iterators they never use.
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
        full = len(self) - 1  # the last batch may be larger: it stays the last
        keys = torch.rand(full, generator=generator).numpy()
        turns = torch.from_numpy(np.lexsort((keys, np.arange(full) // POOL)))
        shuffled = order[: full * step].view(full, step)[turns].flatten()
        return torch.cat([shuffled, order[full * step :]])


class ShuffledLoader(DataLoader):
    """Loads the batches of a `ShuffledBatchSampler`; Lightning keeps its state in checkpoints.

    Args:
        dataset: The images.
        batches: Draws them.
        done: Returns how many batches of the current epoch have been trained on. The loader itself
            can't know, as it loads ahead.
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
        """Return how far the current epoch is, and what its order depends on."""
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
        """Go on from `state`.

        Raises:
            UserError: It is from the middle of an epoch of other images or batches.
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
                f"ckpt_path was saved in the middle of an epoch of {_shape(then)}, and here it is "
                f"one of {_shape(now)}: give the same data, data.batch_size and trainer.devices"
            )
        batches.seed, batches.epoch, batches.start = state["seed"], state["epoch"], state["done"]


def _shape(of: dict[str, int]) -> str:
    devices = pluralize(of["devices"], "device")
    return f"{of['images']:,} images in batches of {of['batch_size']} on {devices}"
