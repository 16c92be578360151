"""Samples as a table of columns, and the reasons for leaving some out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.dtypes import StringDType

from ocr.data.images.loading import ImageSource

HASH_WORDS = 4  # uint64 words of a perceptual hash


class Reader(Protocol):
    """Reads the images of a table."""

    def read(self, name: str, row: int) -> ImageSource:
        """Return an image as `Preprocessor.decode` takes it: bytes, a PIL image or an array."""


class FileReader:
    """Reads images that are files."""

    def read(self, name: str, row: int) -> bytes:
        """Return the content of the file `name`."""
        return Path(name).read_bytes()


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of `Samples`.

    Attributes:
        name: The path of the image, or another unique name.
        text: The caption.
        digest: The image's `content_digest`; equal images have equal digests.
        width: The width of the prepared image in pixels.
        group: The name of its group, which stays in one part of the split; "" for none.
    """

    name: str
    text: str
    digest: int = 0
    width: int = 0
    group: str = ""


@dataclass(frozen=True, eq=False)
class Samples(Sequence[Sample]):
    """Captioned images as a table of numpy columns, all of length N.

    Arrays hold millions of rows without an object for each, and worker processes share them.

    Attributes:
        names, texts, groups: Strings, see `Sample`.
        digests: uint64, see `Sample`.
        widths: int32, see `Sample`.
        hashes: uint64 (N, HASH_WORDS), see `perceptual_hash`; 0 where there is none.
        folders: uint8, the index of the image's folder in the source's `parts`.
        rows: int64, the number of the image for `reader`.
        reader: Reads the images.
    """

    names: np.ndarray
    texts: np.ndarray
    groups: np.ndarray
    digests: np.ndarray
    widths: np.ndarray
    hashes: np.ndarray
    folders: np.ndarray
    rows: np.ndarray
    reader: Reader

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Sample],
        folders: Sequence[int] | None = None,
        reader: Reader | None = None,
    ) -> "Samples":
        """Make a table of samples.

        Args:
            rows: The samples.
            folders: The column `folders`; None: 0 for all.
            reader: Reads the images; None: they are files.
        """
        rows = list(rows)
        count = len(rows)
        return cls(
            string_column(row.name for row in rows),
            string_column(row.text for row in rows),
            string_column(row.group for row in rows),
            np.array([row.digest for row in rows], np.uint64),
            np.array([row.width for row in rows], np.int32),
            np.zeros((count, HASH_WORDS), np.uint64),
            np.zeros(count, np.uint8) if folders is None else np.array(folders, np.uint8),
            np.arange(count),
            reader or FileReader(),
        )

    @classmethod
    def concatenate(cls, tables: Iterable["Samples"]) -> "Samples":
        """Concatenate tables that have the same reader."""
        tables = list(tables)
        columns = {
            key: np.concatenate([getattr(table, key) for table in tables])
            for key in tables[0]._columns()
        }
        return replace(tables[0], **columns)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]  # no slices
        return Sample(
            str(self.names[index]),
            str(self.texts[index]),
            int(self.digests[index]),
            int(self.widths[index]),
            str(self.groups[index]),
        )

    def take(self, indices: np.ndarray | Sequence[int]) -> "Samples":
        """Return the rows at `indices`, in that order."""
        indices = np.asarray(indices, np.int64)
        return replace(self, **{key: column[indices] for key, column in self._columns().items()})

    def without(self, indices: Iterable[int]) -> "Samples":
        """Return all rows except those at `indices`."""
        indices = [*indices]
        return self.take(np.delete(np.arange(len(self)), indices)) if indices else self

    def read(self, index: int) -> ImageSource:
        """Return the image of a row as it is stored, not decoded."""
        return self.reader.read(str(self.names[index]), int(self.rows[index]))

    @property
    def lengths(self) -> np.ndarray:
        """The number of characters of each caption, (N,)."""
        return np.strings.str_len(self.texts)

    def _columns(self) -> Mapping[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "reader"}


def string_column(values: Iterable[str]) -> np.ndarray:
    """Return strings as a numpy array without Python objects."""
    return np.array(list(values), dtype=StringDType())


class SkipReason(Enum):
    """Why a sample is left out; the column `kind` of skipped.csv has the name in lower case."""

    NO_CAPTION = "no caption"
    EMPTY_CAPTION = "the caption has no characters"
    CONTROL_CHARACTER = "the caption has a control character"
    UNREADABLE_CAPTION = "the file with the caption cannot be read"
    MALFORMED_ROW = "the row of the labels file cannot be used"
    CONFLICTING_ROWS = "rows disagree about the caption"
    MISSING_FILE = "no such file"
    NAME_MISMATCH = "the name doesn't fit data.pattern"
    INVALID_NAME = "the file name is not Unicode"
    UNREADABLE_IMAGE = "not a readable image"
    CONFLICTING_CAPTIONS = "the same content has another caption elsewhere"
    OUTSIDE_CHARSET = "the caption has characters outside the charset"
    TOO_FEW_TIME_STEPS = "the caption needs more time steps than its image gives"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that is left out.

    Attributes:
        name: The image, or the row of a labels file.
        reason: The kind of reason.
        detail: The reason in words; "" for those of `reason`.
    """

    name: str
    reason: SkipReason
    detail: str = ""

    @property
    def text(self) -> str:
        """The reason in words."""
        return self.detail or self.reason.value

    @property
    def is_unusable(self) -> bool:
        """Whether it counts towards data.max_skipped; an image without a caption does not."""
        return self.reason is not SkipReason.NO_CAPTION
