"""Splicing: join two training images, so that each character gets new neighbours.

A network trained on few images memorizes whole captions. In a spliced image, the first characters
are those of another image.
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

MAX_STRETCH = 1.25  # factor by which characters may be stretched to fit
DISTANCE_COST = 3  # of a cut one character away from the border, in units of mean ink
SEAM = 2  # pixels on each side of a cut where the images are blended


@dataclass(frozen=True)
class SegmentedImage:
    """An image whose characters can be separated.

    Attributes:
        image: (C, H, W).
        caption: The ids of its characters.
        cuts: A column between each two neighbouring characters.
        steps: The network's time steps for the image.
    """

    image: torch.Tensor
    caption: list[int]
    cuts: list[int]
    steps: int


@dataclass(frozen=True)
class CharacterPositions:
    """Where the network sees the characters of an image that it reads correctly.

    Attributes:
        caption: The ids of the characters.
        peaks: The column of each character's CTC peak.
        steps: The network's time steps for the image.
    """

    caption: list[int]
    peaks: list[float]
    steps: int


class Splicing:
    """Replaces some images of training batches by spliced ones.

    Args:
        share: The share of images to replace, 0 to 1.

    Raises:
        UserError: The share is out of range.
    """

    def __init__(self, share: float) -> None:
        require_share(splicing=share)
        self.share = share
        self._known: dict[int, CharacterPositions] = {}
        self._widths: dict[int, float] = {}
        self._cuts: dict[int, list[int]] = {}

    def __contains__(self, index: int) -> bool:
        return index in self._known

    def learn(self, readings: Mapping[int, CharacterPositions]) -> None:
        """Add the positions of the characters of training images, by index of the image."""
        self._known |= readings
        self._widths = estimate_widths(self._known.values())
        self._cuts.clear()

    def __call__(self, batch: Batch) -> Batch:
        """Return a batch in which some images are spliced; widths don't change."""
        if not (self.share and self._known):
            return batch
        captions = [c.tolist() for c in batch.targets.split(batch.target_lengths.tolist())]
        texts = {
            i: self._segment(index, batch.images[i, ..., : batch.widths[i]])
            for i, index in enumerate(batch.index.tolist())  # type: ignore[union-attr]
            if index in self._known
        }
        images = batch.images.clone()
        for i, text in texts.items():
            if torch.rand(()) < self.share:
                made = self._splice(text, [other for j, other in texts.items() if j != i])
                images[i, ..., : batch.widths[i]] = made.image
                captions[i] = made.caption
        return batch._replace(
            images=images,
            targets=torch.tensor([i for caption in captions for i in caption]),
            target_lengths=torch.tensor([len(caption) for caption in captions]),
        )

    def _segment(self, index: int, image: torch.Tensor) -> SegmentedImage:
        reading = self._known[index]
        if index not in self._cuts:
            # A character without known width has no neighbours, so its width isn't needed.
            wide = [self._widths.get(i, 1.0) for i in reading.caption]
            self._cuts[index] = find_cuts(image, reading.peaks, wide)
        return SegmentedImage(image, reading.caption, self._cuts[index], reading.steps)

    def _splice(self, text: SegmentedImage, others: Sequence[SegmentedImage]) -> SegmentedImage:
        for j in torch.randperm(len(others)).tolist():
            if counts := splice_points(others[j], text):
                return splice(others[j], text, counts[int(torch.randint(len(counts), ()))])
        return text


def splice_points(head: SegmentedImage, tail: SegmentedImage) -> list[int]:
    """Return each number of first characters that `tail` can take from `head`."""
    return [
        count
        for count, (a, b) in enumerate(zip(head.cuts, tail.cuts, strict=False), start=1)
        if 1 / MAX_STRETCH <= a / b <= MAX_STRETCH
        and required_time_steps(head.caption[:count] + tail.caption[count:]) <= tail.steps
    ]


def splice(head: SegmentedImage, tail: SegmentedImage, count: int) -> SegmentedImage:
    """Replace the first `count` characters of `tail` by those of `head`, stretched to fit."""
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
    """Estimate the width of each character by ridge regression.

    The distance of two peaks is taken as half the sum of the two widths. The estimates for rare
    characters are close to the mean width.

    Args:
        readings: The positions of characters in images.

    Returns:
        Widths in pixels by id of the character.
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
    """Choose columns to cut between characters: near their borders, with little ink.

    Args:
        image: (C, H, W).
        peaks: The column of each character.
        widths: The width of each character.

    Returns:
        A column between each two neighbouring characters.
    """
    ink = image.float().std(dim=(0, 1), correction=0)
    cuts = []
    for (left, right), (a, b) in zip(pairwise(peaks), pairwise(widths), strict=True):
        border = left + (right - left) * a / (a + b)
        columns = torch.arange(int(left) + 1, max(int(left) + 2, int(right) + 1))
        columns = columns.clamp(1, image.shape[-1] - 1)
        distance = (columns - border).abs() / max(1.0, right - left)
        cuts.append(
            int(columns[(ink[columns] + DISTANCE_COST * distance * (1 + ink.mean())).argmin()])
        )
    return cuts
