"""Packed folders: the index becomes a table of samples, and images are read when needed."""

import os

import numpy as np

from ocr.data.images.preprocessing import MAX_WIDTH
from ocr.data.manifest import read_skipped
from ocr.data.samples import Samples, Skipped, string_column
from ocr.data.scan import Scanner, scaled_widths, unreadable
from ocr.data.sources.arrow import Pack
from ocr.data.sources.image_folder import part_folders
from ocr.data.sources.sample_source import Found, SampleSource
from ocr.errors import UserError


class PackedFolder(SampleSource):
    """Folders of up to millions of images, packed by `python -m ocr pack`.

    Args:
        dir, train_dir, val_dir, test_dir: Packed folders, see `ImageFolder`.

    Attributes:
        dirs: The folders by part.
    """

    def __init__(
        self,
        *,
        dir: str | None,
        train_dir: str | None = None,
        val_dir: str | None = None,
        test_dir: str | None = None,
    ) -> None:
        self.dirs = part_folders(dir, train_dir, val_dir, test_dir)
        self.parts = tuple(self.dirs)

    def check(self) -> None:
        """Raise UserError if a pack is missing or damaged."""
        Pack([*self.dirs.values()])

    def find(self, scanner: Scanner) -> Found:
        """Make samples of the index; images are not read, as packing has checked them."""
        pack = Pack([*self.dirs.values()])
        skipped = [one for folder in self.dirs.values() for one in read_skipped(folder)]
        samples = Samples(
            names=pack_names(pack),
            texts=string_column(pack.column("text").to_pylist()),
            groups=string_column(pack.column("group").to_pylist()),
            digests=pack.digests(scanner.seed),
            widths=np.zeros(len(pack), np.int32),
            hashes=pack.hashes,
            folders=pack.folder_numbers,
            rows=np.arange(len(pack)),
            reader=pack,
        )
        scanner.infer_preprocessing(samples)
        samples.widths[:] = scaled_widths(pack.sizes, scanner.preprocessor, MAX_WIDTH + 1)
        too_wide = _too_wide(samples, scanner)
        return Found(samples.without(too_wide), [*skipped, *too_wide.values()])


def pack_names(pack: Pack) -> np.ndarray:
    """Return the images' names, which begin with the folder of their pack."""
    folders = string_column(f"{folder}{os.sep}" for folder in pack.folders)
    return folders[pack.folder_numbers] + string_column(pack.column("name").to_pylist())


def _too_wide(samples: Samples, scanner: Scanner) -> dict[int, Skipped]:
    """Return the images that the preprocessor refuses because of their width, by index."""
    refused = {}
    for i in np.flatnonzero(samples.widths > MAX_WIDTH).tolist():
        name = str(samples.names[i])
        try:
            scanner.preprocessor.decode(samples.read(i), name)
        except UserError as error:
            refused[i] = unreadable(name, error)
    return refused
