"""Look-alikes: images for training that are put together from the person's own.

A reader that has seen few images learns whole captions by heart. A look-alike is an image whose
first characters are another one's, so that every character comes with ever new neighbours.
Shapes: C channels, H height, W width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F

from ocr.data.charset import steps_needed
from ocr.data.images import Batch
from ocr.errors import UserError

STRETCH = 1.25  # how much wider or narrower characters may become to fit
SEAM = 2  # pixels on each side of a cut over which one image becomes the other


@dataclass(frozen=True)
class Text:
    """An image (C, H, W) and what is where in it.

    caption: ids. cuts: a column between each two characters. steps: that the network has for it.
    """

    image: torch.Tensor
    caption: list[int]
    cuts: list[int]
    steps: int


class Lookalikes:
    """Replaces `share` of the images of training batches, once it knows where characters are."""

    def __init__(self, share: float) -> None:
        self.share = share
        self._known: dict[int, tuple[list[int], int]] = {}

    @property
    def share(self) -> float:
        """0 to 1."""
        return self._share

    @share.setter
    def share(self, value: float) -> None:
        if not (isinstance(value, int | float) and 0 <= value <= 1):
            raise UserError(f"data.lookalikes={value}: give a share of the images, 0 to 1, or null")
        self._share = value

    def __contains__(self, index: int) -> bool:
        return index in self._known

    def learn(self, index: int, cuts: list[int], steps: int) -> None:
        """Training image `index` can be cut at these columns, and has so many time steps."""
        self._known[index] = cuts, steps

    def __call__(self, batch: Batch) -> Batch:
        """The batch, with look-alikes in place of some images; their widths stay."""
        if not (self.share and self._known):
            return batch
        captions = [c.tolist() for c in batch.targets.split(batch.target_lengths.tolist())]
        texts = {
            i: Text(batch.images[i, ..., : batch.widths[i]], captions[i], *self._known[index])
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

    def _varied(self, text: Text, others: Sequence[Text]) -> Text:
        for j in torch.randperm(len(others)).tolist():
            if counts := joints(others[j], text):
                return join(others[j], text, counts[int(torch.randint(len(counts), ()))])
        return text


def joints(head: Text, tail: Text) -> list[int]:
    """After how many characters `head` can go over into `tail`."""
    return [
        count
        for count, (a, b) in enumerate(zip(head.cuts, tail.cuts, strict=False), start=1)
        if 1 / STRETCH <= a / b <= STRETCH
        and steps_needed(head.caption[:count] + tail.caption[count:]) <= tail.steps
    ]


def join(head: Text, tail: Text, count: int) -> Text:
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
    return Text(
        image,
        head.caption[:count] + tail.caption[count:],
        [round(cut * b / a) for cut in head.cuts[: count - 1]] + tail.cuts[count - 1 :],
        tail.steps,
    )


def gaps(image: torch.Tensor, peaks: Sequence[float]) -> list[int]:
    """The columns at which to cut `image` (C, H, W) between characters at the columns `peaks`.

    Where there is least to cut through: CTC's peaks tell where a character is, not how wide.
    """
    ink = image.float().std(dim=(0, 1), correction=0)
    cuts = []
    for left, right in pairwise(peaks):
        start, end = int(left) + 1, max(int(left) + 2, int(right) + 1)
        columns = torch.arange(start, end).clamp(1, image.shape[-1] - 1)
        off = (columns - (left + right) / 2).abs() / max(1.0, right - left)  # 0 to 1/2
        cuts.append(int(columns[(ink[columns] + off * (1 + ink.mean())).argmin()]))
    return cuts
