"""Look-alikes: images for training that are put together from the person's own.

A reader that has seen few images learns whole captions by heart. A look-alike is an image whose
first characters are another one's, so that every character comes with ever new neighbours.
Shapes: C channels, H height, W width.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F

from ocr.data.collate import Batch
from ocr.data.text.charset import required_time_steps
from ocr.data.validation import require_share

STRETCH = 1.25  # how much wider or narrower characters may become to fit
OFF = 3  # mean columns of ink that it costs to cut a whole character off its border
SEAM = 2  # pixels on each side of a cut over which one image becomes the other


@dataclass(frozen=True)
class SegmentedImage:
    """An image (C, H, W) and what is where in it.

    caption: ids. cuts: a column between each two characters. steps: that the network has for it.
    """

    image: torch.Tensor
    caption: list[int]
    cuts: list[int]
    steps: int


@dataclass(frozen=True)
class CharacterPositions:
    """Of an image that is read as it should be.

    caption: ids. peaks: the columns at which CTC says them. steps: that the network has for it.
    """

    caption: list[int]
    peaks: list[float]
    steps: int


class Splicing:
    """Replaces `share` of the images of training batches, once it knows where characters are."""

    def __init__(self, share: float) -> None:
        require_share(splicing=share)
        self.share = share
        self._known: dict[int, CharacterPositions] = {}
        self._widths: dict[int, float] = {}
        self._cuts: dict[int, list[int]] = {}  # which don't change from epoch to epoch

    def __contains__(self, index: int) -> bool:
        return index in self._known

    def learn(self, readings: Mapping[int, CharacterPositions]) -> None:
        """What is known of training images from now on, by their index."""
        self._known |= readings
        self._widths = estimate_widths(self._known.values())
        self._cuts.clear()

    def __call__(self, batch: Batch) -> Batch:
        """The batch, with look-alikes in place of some images; their widths stay."""
        if not (self.share and self._known):
            return batch
        captions = [c.tolist() for c in batch.targets.split(batch.target_lengths.tolist())]
        texts = {
            i: self._text(index, batch.images[i, ..., : batch.widths[i]])
            for i, index in enumerate(batch.index.tolist())
            if index in self._known
        }
        images = batch.images.clone()
        for i, text in texts.items():
            if torch.rand(()) < self.share:
                made = self._varied(text, [other for j, other in texts.items() if j != i])
                images[i, ..., : batch.widths[i]] = made.image
                captions[i] = made.caption
        return batch._replace(
            images=images,
            targets=torch.tensor([i for caption in captions for i in caption]),
            target_lengths=torch.tensor([len(caption) for caption in captions]),
        )

    def _text(self, index: int, image: torch.Tensor) -> SegmentedImage:
        reading = self._known[index]
        if index not in self._cuts:
            # A character that always stands alone has no width, and its image no cuts.
            wide = [self._widths.get(i, 1.0) for i in reading.caption]
            self._cuts[index] = find_cuts(image, reading.peaks, wide)
        return SegmentedImage(image, reading.caption, self._cuts[index], reading.steps)

    def _varied(self, text: SegmentedImage, others: Sequence[SegmentedImage]) -> SegmentedImage:
        for j in torch.randperm(len(others)).tolist():
            if counts := splice_points(others[j], text):
                return splice(others[j], text, counts[int(torch.randint(len(counts), ()))])
        return text


def splice_points(head: SegmentedImage, tail: SegmentedImage) -> list[int]:
    """After how many characters `head` can go over into `tail`."""
    return [
        count
        for count, (a, b) in enumerate(zip(head.cuts, tail.cuts, strict=False), start=1)
        if 1 / STRETCH <= a / b <= STRETCH
        and required_time_steps(head.caption[:count] + tail.caption[count:]) <= tail.steps
    ]


def splice(head: SegmentedImage, tail: SegmentedImage, count: int) -> SegmentedImage:
    """`tail`, whose first `count` characters are those of `head`, stretched to fit."""
    a, b = head.cuts[count - 1], tail.cuts[count - 1]
    soft = min(SEAM, a, b, head.image.shape[-1] - a, tail.image.shape[-1] - b)
    size = (tail.image.shape[1], b + soft)
    left = F.interpolate(head.image[None, ..., : a + soft].float(), size, mode="bilinear")[0]
    columns = torch.arange(b + soft, device=left.device)
    weight = ((b + soft - 0.5 - columns) / max(1, 2 * soft)).clamp(max=1)
    image = tail.image.clone()
    image[..., : b + soft] = torch.lerp(
        image[..., : b + soft].float(), left, weight.to(left.dtype)
    ).to(image.dtype)
    return SegmentedImage(
        image,
        head.caption[:count] + tail.caption[count:],
        [round(cut * b / a) for cut in head.cuts[: count - 1]] + tail.cuts[count - 1 :],
        tail.steps,
    )


def estimate_widths(readings: Iterable[CharacterPositions]) -> dict[int, float]:
    """How wide each character is, by least squares: two peaks are half of both widths apart.

    Of a character that is hardly ever seen, as wide as all are on average.
    """
    pairs = [
        (pair, right - left)
        for reading in readings
        for pair, (left, right) in zip(
            pairwise(reading.caption), pairwise(reading.peaks), strict=True
        )
    ]
    symbols = sorted({i for pair, _ in pairs for i in pair})
    halves = torch.zeros(len(pairs), len(symbols), dtype=torch.float64)
    for row, (pair, _) in zip(halves, pairs, strict=True):
        for i in pair:
            row[symbols.index(i)] += 0.5
    distances = torch.tensor([distance for _, distance in pairs], dtype=torch.float64)
    mean = distances.mean()
    squares = halves.T @ halves + 0.5 * torch.eye(len(symbols), dtype=torch.float64)
    more = torch.linalg.solve(squares, halves.T @ (distances - mean))
    wide = (mean + more).clamp(min=mean / 5)
    return dict(zip(symbols, wide.tolist(), strict=True))


def find_cuts(image: torch.Tensor, peaks: Sequence[float], widths: Sequence[float]) -> list[int]:
    """The columns at which to cut `image` (C, H, W) between characters of `widths` at `peaks`.

    About where their widths say, and where there is least to cut through.
    """
    ink = image.float().std(dim=(0, 1), correction=0)
    cuts = []
    for (left, right), (a, b) in zip(pairwise(peaks), pairwise(widths), strict=True):
        border = left + (right - left) * a / (a + b)
        columns = torch.arange(int(left) + 1, max(int(left) + 2, int(right) + 1))
        columns = columns.clamp(1, image.shape[-1] - 1)
        off = (columns - border).abs() / max(1.0, right - left)
        cuts.append(int(columns[(ink[columns] + OFF * off * (1 + ink.mean())).argmin()]))
    return cuts
