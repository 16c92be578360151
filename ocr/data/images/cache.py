"""Keep decoded images in memory."""

import os
from collections.abc import Iterable

import numpy as np


class ImageCache:
    """Keeps decoded images, uint8 (C, H, W), by name.

    Args:
        limit_mb: The memory for images in MiB.

    Attributes:
        room: The number of bytes that are left.
    """

    def __init__(self, limit_mb: float) -> None:
        self.room = int(limit_mb * 2**20)
        self._images: dict[str, np.ndarray] = {}
        self._owner = os.getpid()

    def __getstate__(self) -> dict[str, object]:
        """Leave out the images: each worker process would hold a copy of them."""
        return {"room": 0, "_images": {}, "_owner": 0}

    def get(self, name: str) -> np.ndarray | None:
        """Return the image `name`; None if it is not in the cache."""
        return self._images.get(name)

    def put(self, name: str, image: np.ndarray) -> None:
        """Keep the image if there is room; in worker processes, do nothing."""
        if name in self._images or image.nbytes > self.room or os.getpid() != self._owner:
            return
        self.room -= image.nbytes
        self._images[name] = image

    def can_hold(self, names: Iterable[str], count: int, size: int) -> bool:
        """Return whether all images are in the cache, or there is room for them.

        Args:
            names: The names of the images.
            count: The number of images.
            size: The size of each image in bytes.
        """
        room = self.room if os.getpid() == self._owner else 0
        if (count - len(self._images)) * size > room:
            return False  # no need to look up a million names
        return sum(name not in self._images for name in names) * size <= room
