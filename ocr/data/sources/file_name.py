"""Captions in the file names of images."""

from collections.abc import Iterator

from ocr.data.samples import Skipped, SkipReason
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder, stem
from ocr.data.text.file_name_patterns import FileNamePattern


class FileNameCaptions:
    """A `CaptionSource`: the file names of the images.

    Args:
        pattern: Tells which part of a name is the caption.
    """

    name = "name"

    def __init__(self, pattern: FileNamePattern) -> None:
        self.pattern = pattern

    def captions(self, folder: Folder) -> Iterator[Row | Skipped]:
        """Yield the captions in the order of the images."""
        folder.require_images()
        names = [self._matched_part(name) for name in folder.images]
        for name, match in zip(folder.images, self.pattern.matches(names), strict=True):
            path = str(folder.path / name)
            if match:
                yield Row(path, *match, name)
            else:
                yield Skipped(path, SkipReason.NAME_MISMATCH, self.pattern.mismatch)

    def _matched_part(self, name: str) -> str:
        return stem(name if self.pattern.has_folders else name.rpartition("/")[2])
