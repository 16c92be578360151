"""Hold decoded images in memory."""

import os
from collections.abc import Iterable

import numpy as np


class ImageCache:
    """Decoded uint8 images (C, H, W) by name, up to `limit_mb` MiB."""

    def __init__(self, limit_mb: float) -> None:
        self.room = int(limit_mb * 2**20)
        self._images: dict[str, np.ndarray] = {}
        self._owner = os.getpid()

    def __getstate__(self) -> dict[str, object]:
        """Pickle no images: a worker process would hold each a second time."""
        return {"room": 0, "_images": {}, "_owner": 0}

    def get(self, name: str) -> np.ndarray | None:
        """Return the image `name`, None if it is not held."""
        return self._images.get(name)

    def put(self, name: str, image: np.ndarray) -> None:
        """Hold the image if there is room; copies in worker processes hold nothing new."""
        if name in self._images or image.nbytes > self.room or os.getpid() != self._owner:
            return
        self.room -= image.nbytes
        self._images[name] = image

    def can_hold(self, names: Iterable[str], count: int, size: int) -> bool:
        """Tell whether all images are held, or could be.

        Args:
            names: Of the images.
            count: How many they are.
            size: Bytes of each.
        """
        room = self.room if os.getpid() == self._owner else 0
        if (count - len(self._images)) * size > room:
            return False  # without looking up a million names
        return sum(name not in self._images for name in names) * size <= room
