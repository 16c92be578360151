"""What every source of captions gives: rows of an image, its caption and its group."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ocr.data.samples import Skipped
from ocr.data.sources.folder import Folder


class Row(NamedTuple):
    """The caption of one image.

    Attributes:
        file: The image, as the source names it or as a path.
        text: The caption; empty if nobody has captioned the image yet.
        group: Images of one group stay in one part of a split; "" for none.
        where: The place in the source, for messages and skipped.csv.
    """

    file: str
    text: str
    group: str
    where: str


class CaptionSource(Protocol):
    """A place where captions are kept.

    Attributes:
        name: As data.labels names it.
    """

    name: str

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """Yield the captions of a folder's images, with paths, and the images left out."""
