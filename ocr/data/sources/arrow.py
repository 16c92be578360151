"""Read and write packed folders: images and captions in memory-mapped Arrow files.

images.arrow holds the encoded images in record batches, which can be read one by one.
index.arrow holds the columns of `INDEX`, which are needed before an image is decoded.

Why Arrow: random access allows a true shuffle of all images; columns become numpy arrays; files are
validated, and nothing in them is executed. LMDB trusts its files and has no columns, WebDataset
shuffles only within a buffer, and litdata drops images to give all devices equally many.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from ocr.config.program import ocr_command
from ocr.data.duplicates import content_digest
from ocr.data.samples import HASH_WORDS
from ocr.errors import UserError

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError as error:
    raise UserError("packed images need pyarrow: pip install 'surrogate-ocr[packed]'") from error

ROWS = 256  # images in a record batch
INDEX_ROWS = 65_536  # rows of the index in a record batch
SEED = 0  # split seed of the stored digests

IMAGES = pa.schema([("content", pa.large_binary())])
INDEX = pa.schema(
    [
        ("name", pa.string()),  # path of the file, relative to the folder that was packed
        ("text", pa.string()),
        ("digest", pa.uint64()),  # `content_digest` with the split seed `SEED`
        ("width", pa.int32()),  # in pixels, of the upright image
        ("height", pa.int32()),
        ("group", pa.string()),  # see `Sample`
        ("hash", pa.list_(pa.uint64(), HASH_WORDS)),  # see `perceptual_hash`
    ]
)
_OPTIONS = pa.ipc.IpcReadOptions(use_threads=False)  # loader processes are forked


class Writer:
    """Writes a packed folder; the files are complete after the `with` block.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = [
            _Table(folder / "images.arrow", IMAGES, ROWS),
            _Table(folder / "index.arrow", INDEX, INDEX_ROWS),
        ]

    def write(self, content: bytes, *index: Any) -> None:
        """Add an image.

        Args:
            content: The encoded image.
            index: Its values of the columns of `INDEX`.
        """
        for table, row in zip(self._tables, ((content,), index), strict=True):
            table.write(row)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        for table in self._tables:
            table.close(complete=failed is None)


class _Table:
    def __init__(self, path: Path, schema: pa.Schema, batch_rows: int) -> None:
        self._schema = schema
        self._batch_rows = batch_rows
        self._rows: list[tuple] = []
        self._file = path.open("wb")
        self._writer = pa.ipc.new_file(self._file, schema)

    def write(self, row: tuple) -> None:
        self._rows.append(row)
        if len(self._rows) == self._batch_rows:
            self._flush()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._rows = []

    def close(self, complete: bool) -> None:
        if not complete:
            with suppress(OSError):  # the disk may be full
                self._file.close()
            return
        if self._rows:
            self._flush()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class Pack:
    """The rows of one or more packed folders.

    Args:
        folders: The folders, as `Writer` fills them.

    Attributes:
        folders: The paths of the folders.

    Raises:
        UserError: A folder is missing or damaged.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = [str(folder) for folder in folders]
        self._open()

    def _open(self) -> None:
        indices, self._images, self._batch_rows, self._starts, rows = [], [], [], [], 0
        for folder in self.folders:
            with _pack_errors(folder):
                index = _reader(folder, "index.arrow", INDEX).read_all()
                index.validate(full=True)
                images = _reader(folder, "images.arrow", IMAGES)
                batch_rows = images.get_batch(0).num_rows
                if not batch_rows:
                    raise ValueError("it holds no images")
                last = images.num_record_batches - 1
                if len(index) != last * batch_rows + images.get_batch(last).num_rows:
                    raise ValueError("its two files have different numbers of images")
                if any(column.null_count for column in index.columns):
                    raise ValueError("its index has missing values")
                if any(pc.min(index[key]).as_py() < 1 for key in ("width", "height")):
                    raise ValueError("an image has no pixels")
                if len(_flat_hashes(index)) != HASH_WORDS * len(index):
                    raise ValueError("its index has missing values")
            self._starts.append(rows)
            rows += len(index)
            indices.append(index)
            self._images.append(images)
            self._batch_rows.append(batch_rows)
        self._index = pa.concat_tables(indices)

    def __len__(self) -> int:
        return len(self._index)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the paths only; the other process opens the files itself."""
        return {"folders": self.folders}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a column of the index, see `INDEX`."""
        return self._index[name]

    @property
    def sizes(self) -> np.ndarray:
        """Widths and heights in pixels, (N, 2)."""
        return np.stack([self._index[key].to_numpy() for key in ("width", "height")], axis=1)

    @property
    def hashes(self) -> np.ndarray:
        """Perceptual hashes, uint64 (N, HASH_WORDS)."""
        return _flat_hashes(self._index).reshape(-1, HASH_WORDS)

    @property
    def folder_numbers(self) -> np.ndarray:
        """The index of each row's folder in `folders`, uint8 (N,)."""
        rows = np.arange(len(self))
        return (np.searchsorted(self._starts, rows, side="right") - 1).astype(np.uint8)

    def digests(self, seed: int) -> np.ndarray:
        """Return digests for a split seed, uint64 (N,); unless it is `SEED`, read all images."""
        if seed == SEED:
            return self._index["digest"].to_numpy()
        rows = track(range(len(self)), "reading images", disable=len(self) <= 5_000)
        return np.array([content_digest(self.content(row), seed) for row in rows], np.uint64)

    def read(self, name: str, row: int) -> bytes:
        """Return the image in `row`; see `Reader`."""
        return self.content(row)

    def content(self, row: int) -> bytes:
        """Return the image as it is encoded in its file."""
        folder = bisect_right(self._starts, row) - 1
        batch, place = divmod(row - self._starts[folder], self._batch_rows[folder])
        with _pack_errors(self.folders[folder]):
            images = self._images[folder].get_batch(batch)
            images.validate(full=True)
            return images.column(0)[place].as_py()


def _flat_hashes(index: pa.Table) -> np.ndarray:
    """Return the words of all hashes, concatenated."""
    return index["hash"].combine_chunks().flatten().to_numpy()


def _reader(folder: str, name: str, schema: pa.Schema) -> pa.ipc.RecordBatchFileReader:
    reader = pa.ipc.open_file(pa.memory_map(str(Path(folder) / name)), options=_OPTIONS)
    if reader.schema != schema:
        raise ValueError(f"{name} has unexpected columns")
    return reader


@contextmanager
def _pack_errors(folder: str) -> Iterator[None]:
    """Turn the errors of a missing or damaged pack into a UserError that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(
            f"{folder}: no packed images here; pack the folder with `{ocr_command()} pack {folder} "
            "OUT`, and give data.dir=OUT"
        ) from error
    except (OSError, ValueError, LookupError, pa.ArrowException) as error:
        detail = str(error).splitlines()[0]
        raise UserError(f"{folder}: not a packed folder, or damaged ({detail})") from error
