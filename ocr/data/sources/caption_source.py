"""The interface of all sources of captions."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ocr.data.samples import Skipped
from ocr.data.sources.folder import Folder


class Row(NamedTuple):
    """The caption of one image.

    Attributes:
        file: The image's path, or its name in the source.
        text: The caption; "" if the image has none yet.
        group: The name of its group, which stays in one part of the split; "" for none.
        where: The place in the source, for messages and skipped.csv.
    """

    file: str
    text: str
    group: str
    where: str


class CaptionSource(Protocol):
    """A place that holds the captions of a folder's images.

    Attributes:
        name: The value of data.labels that chooses it.
    """

    name: str

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """Yield the captions of a folder's images by path, and the images that are left out."""
