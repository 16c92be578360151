"""Make DataLoaders for training and evaluation."""

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

from ocr.data.dataset import CaptionedImages
from ocr.data.images.cache import ImageCache
from ocr.data.parallel import default_workers
from ocr.data.validation import require_whole
from ocr.errors import SettingError, UserError
from ocr.formatting import pluralize
from ocr.log import info

if TYPE_CHECKING:  # importing torch takes seconds, and the doctor makes no batches
    from torch.utils.data import DataLoader


class Loader:
    """Makes DataLoaders.

    Args:
        batch_size: The number of images in a training step, on each device.
        min_images: The least number of images in an epoch; a smaller set is repeated.
        views: The number of training images shown in a whole run, which sets the number of epochs.
        cache_mb: MiB of decoded images to keep in memory; others are decoded when needed.
        num_workers: The number of processes that decode images; None: one per core to scan many
            images, and in training only if the cache can't hold all of them.

    Attributes:
        cache: Keeps decoded images.

    Raises:
        UserError: A value is out of range.
    """

    def __init__(
        self,
        *,
        batch_size: int,
        min_images: int = 1,
        views: int = 48_000,
        cache_mb: float = 0,
        num_workers: int | None = None,
    ) -> None:
        require_whole(1, batch_size=batch_size, min_images=min_images, views=views)
        if num_workers is not None:
            require_whole(0, num_workers=num_workers)
        if not (isinstance(cache_mb, int | float) and cache_mb >= 0):
            raise SettingError(f"data.cache_mb={cache_mb}: give a number of MiB, 0 or more")
        self.batch_size = batch_size
        self.min_images = min_images
        self.views = views
        self.cache = ImageCache(cache_mb)
        self.num_workers = num_workers

    def limit_batch_size(self, images: int) -> None:
        """Reduce `batch_size` to the number of training images if it is larger."""
        if self.batch_size > images:
            info(
                f"data.batch_size={self.batch_size} is more than the {images} training images; "
                f"training with data.batch_size={images}"
            )
            self.batch_size = images

    def repeats(self, images: int) -> int:
        """Return how many times an epoch repeats a number of images."""
        return max(1, ceil(self.min_images / images))

    def training(
        self, dataset: CaptionedImages, devices: int, rank: int, batches_done: Callable[[], int]
    ) -> "DataLoader":
        """Return a DataLoader of shuffled training images, each `repeats` times an epoch.

        Args:
            dataset: The training images.
            devices: The number of devices, which share the images.
            rank: The number of this device.
            batches_done: Returns how many batches of the current epoch have been trained on.
        """
        import torch

        from ocr.data.samplers import ShuffledBatchSampler, ShuffledLoader

        dataset.repeats = self.repeats(len(dataset))
        _require_image_per_device(len(dataset), devices, "train")
        batches = ShuffledBatchSampler(
            len(dataset), self.batch_size, devices, rank, torch.initial_seed(), dataset.widths
        )
        return ShuffledLoader(dataset, batches, batches_done, **self._settings(dataset))

    def evaluation(
        self, dataset: CaptionedImages, devices: int, rank: int, part: str
    ) -> "DataLoader":
        """Return a DataLoader of this device's images, each once, from narrow to wide.

        Args:
            dataset: The validation or test images.
            devices: The number of devices, which share the images.
            rank: The number of this device.
            part: "val" or "test", for messages.

        Raises:
            UserError: There are fewer images than devices.
        """
        from torch.utils.data import DataLoader

        _require_image_per_device(len(dataset), devices, part)
        # Lightning's own sampler repeats images until all devices have equally many.
        share = range(rank, len(dataset), devices)
        # Images of similar width need little padding.
        order = sorted(share, key=dataset.widths.__getitem__)
        return DataLoader(
            dataset, batch_size=self.batch_size, sampler=order, **self._settings(dataset)
        )

    def _settings(self, dataset: CaptionedImages) -> dict[str, Any]:
        from ocr.data.collate import collate

        workers = self.num_workers
        if workers is None:
            names = dataset.samples.names
            fits = self.cache.can_hold(names, len(names), dataset.image(0).nbytes)
            workers = 0 if fits else default_workers()
        return {
            "collate_fn": collate,
            "num_workers": workers,
            "persistent_workers": workers > 0,
        }


def _require_image_per_device(count: int, devices: int, part: str) -> None:
    if count < devices:
        images = pluralize(count, f"{part} image")
        raise UserError(
            f"{images} can't occupy {devices} devices: add images, or lower trainer.devices"
        )
