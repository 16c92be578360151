"""A packed folder as data: its index stays in Arrow and numpy, its images where they lie."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from ocr.data.ctc_feasibility import placed, spelt
from ocr.data.images.preprocessing import MAX_WIDTH, Preprocessor
from ocr.data.manifest import read_skipped
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import unreadable, without_conflicts
from ocr.data.sources.arrow import Pack
from ocr.data.sources.kinds import FolderData
from ocr.data.split import cut
from ocr.errors import UserError

CHUNK = 65_536  # rows that are Python's at a time


@dataclass(frozen=True, slots=True)
class PackedSample(Sample):
    """A sample whose image is a row of a pack."""

    pack: Pack | None = None
    row: int = 0

    def source(self) -> bytes:
        """The file that was packed."""
        return self.pack.content(self.row)


class PackedSamples(Sequence[Sample]):
    """Some rows of a pack, which become samples when they are asked for.

    widths: of all the pack's rows, as the network will see them.
    """

    def __init__(self, pack: Pack, widths: np.ndarray, rows: np.ndarray) -> None:
        self.pack = pack
        self.rows = rows
        self._widths = widths

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> PackedSample:
        row = int(self.rows[index])
        return self._sample(row, self.pack.names[row].as_py(), self.pack.texts[row].as_py())

    def __iter__(self) -> Iterator[PackedSample]:
        for start in range(0, len(self), CHUNK):
            rows = self.rows[start : start + CHUNK]
            names = self.pack.names.take(rows).to_pylist()
            texts = self.pack.texts.take(rows).to_pylist()
            yield from map(self._sample, rows.tolist(), names, texts)

    def __add__(self, other: "PackedSamples") -> "PackedSamples":
        return self._of(np.concatenate([self.rows, other.rows]))

    def _of(self, rows: np.ndarray) -> "PackedSamples":
        return PackedSamples(self.pack, self._widths, rows)

    def _sample(self, row: int, name: str, text: str) -> PackedSample:
        place = os.path.join(self.pack.folders[self.pack.folder(row)], name)  # noqa: PTH118
        digest, width = int(self.pack.digests[row]), int(self._widths[row])
        return PackedSample(place, text, digest, width, pack=self.pack, row=row)

    @property
    def digests(self) -> np.ndarray:
        """Of each sample, uint64."""
        return self.pack.digests[self.rows]

    @property
    def duplicate_groups(self) -> np.ndarray:
        """Of each sample, uint64: the least digest of those it must stay together with."""
        rows, first = self.pack.relatives.T
        least = self.pack.digests.copy()
        np.minimum.at(least, first, least[rows])
        least[rows] = least[first]
        return least[self.rows]

    @property
    def widths(self) -> np.ndarray:
        """Of each sample, in pixels."""
        return self._widths[self.rows]

    @property
    def lengths(self) -> np.ndarray:
        """Of each caption, in characters."""
        return pc.utf8_length(self.pack.texts.take(self.rows)).to_numpy()

    def texts(self) -> Iterator[list[str]]:
        """The captions, `CHUNK` at a time."""
        for start in range(0, len(self), CHUNK):
            yield self.pack.texts.take(self.rows[start : start + CHUNK]).to_pylist()

    def take(self, places: np.ndarray) -> "PackedSamples":
        """The samples at these places."""
        return self._of(self.rows[places])

    def without(self, places: Sequence[int]) -> "PackedSamples":
        """All but the samples at these places."""
        return self._of(np.delete(self.rows, places))


class PackedData(FolderData):
    """What `python -m ocr pack` made of a folder, split as that would be, for millions of images.

    Except that rare characters are not looked for, and that a group stays together but may be in
    another part.

    dir, train_dir, val_dir, test_dir: packed folders. Everything that a `DataModule` asks of its
    samples one by one is asked here of whole columns; only those that may fail become objects.
    """

    def find(self) -> dict[str, PackedSamples]:
        """Nothing is decoded: that was done when the images were packed."""
        pack = Pack([*self.dirs.values()])
        pack.draw_digests(self.split_seed)
        for folder in self.dirs.values():
            self.skipped += read_skipped(folder)
        everything = np.arange(len(pack))
        self.survey(PackedSamples(pack, np.zeros(len(pack), np.int32), everything))
        samples = PackedSamples(pack, _widths(pack.sizes, self.preprocessor), everything)
        too_wide = np.flatnonzero(samples.widths > MAX_WIDTH)
        samples = self._judged(samples, too_wide, lambda some: map(self._decoded, some))
        _, where, copies = np.unique(samples.digests, return_inverse=True, return_counts=True)
        samples = self._judged(samples, np.flatnonzero(copies[where] > 1), without_conflicts)
        borders = np.searchsorted(samples.rows, [*pack.starts, len(pack)])
        return {
            part: samples.take(np.arange(start, end))
            for part, start, end in zip(self.dirs, borders[:-1], borders[1:], strict=True)
        }

    def require_source(self) -> None:
        """See `Parts`."""
        Pack([*self.dirs.values()])

    def _judged(
        self,
        samples: PackedSamples,
        places: Sequence[int],
        judge: Callable[[list[Sample]], Iterable[Sample | Skipped]],
    ) -> PackedSamples:
        """Without those that `judge` skips of the samples at `places`."""
        judged = judge([samples[place] for place in places])
        skipped = {
            place: one
            for place, one in zip(places, judged, strict=True)
            if isinstance(one, Skipped)
        }
        self.skipped += skipped.values()
        return samples.without([*skipped])

    def _decoded(self, sample: Sample) -> Sample | Skipped:
        try:
            self.preprocessor.decode(sample.source(), sample.name)
        except UserError as error:
            return unreadable(sample, error)
        return sample

    def _keep(self, samples: PackedSamples) -> PackedSamples:
        return samples

    def _texts(self, parts: Mapping[str, PackedSamples]) -> Iterator[str]:
        return (text for kept in parts.values() for texts in kept.texts() for text in texts)

    def _spelt(self, samples: PackedSamples) -> PackedSamples:
        suspects = []
        for i, texts in enumerate(samples.texts()):
            if self.charset.unknown("".join(texts)):
                places = enumerate(texts, i * CHUNK)
                suspects += [place for place, text in places if self.charset.unknown(text)]
        return self._judged(
            samples, suspects, lambda some: (spelt(one, self.charset) for one in some)
        )

    def _split(
        self, samples: PackedSamples, shares: Mapping[str, float]
    ) -> dict[str, PackedSamples]:
        return {
            part: samples.take(where)
            for part, where in cut(
                samples.duplicate_groups, shares, self.start, even=self.folds is not None
            ).items()
        }

    def _first(self, samples: PackedSamples, count: int) -> PackedSamples:
        return samples.take(np.argsort(samples.digests, kind="stable")[:count])

    def _cover(self, shares: Mapping[str, float]) -> None:
        """What is large enough to be packed has every character in training."""
        raise UserError(
            "data.stratify=true is for folders; data=packed looks for no rare characters"
        )

    def _leaks(self) -> Iterator[str]:
        return super()._leaks() if len(self.dirs) > 1 else iter(())  # cut from one, there are none

    def _placed(self, samples: PackedSamples, time_steps: Callable[[int], int]) -> PackedSamples:
        widths, where = np.unique(samples.widths, return_inverse=True)
        available = np.array([time_steps(int(width)) for width in widths])[where]
        # At most, a caption needs a blank between any two of its characters.
        suspects = np.flatnonzero(2 * samples.lengths - 1 > available)
        return self._judged(
            samples, suspects, lambda some: (placed(s, self.charset, time_steps) for s in some)
        )


def _widths(sizes: np.ndarray, preprocessor: Preprocessor) -> np.ndarray:
    """(N, 2) widths and heights -> (N,) widths as the network will see them."""
    pairs = sizes[:, 0].astype(np.int64) << 32 | sizes[:, 1]
    different, where = np.unique(pairs, return_inverse=True)
    scaled = [
        preprocessor.scaled_width(int(pair >> 32), int(pair & 2**32 - 1)) for pair in different
    ]
    return np.minimum(scaled, MAX_WIDTH + 1).astype(np.int32)[where]
