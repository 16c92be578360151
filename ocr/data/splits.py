"""Who trains, who validates, who tests: decided by each image's own content."""

from collections.abc import Sequence

from ocr.data.sources import Sample
from ocr.errors import UserError


def split(samples: Sequence[Sample], shares: dict[str, float]) -> dict[str, list[Sample]]:
    """Share out `samples`: to each part of `shares` about its share, the rest to "train".

    A digest is a number drawn evenly by content and split seed, so an image's part never depends
    on the other images, and equal images stay together. Only where a very small set would leave
    a part empty do the borders move, by as few images as possible.
    """
    for part, share in shares.items():
        if not 0 <= share < 1:
            raise UserError(f"data.{part}_size={share} is a share of the images: 0 up to below 1")
    if sum(shares.values()) >= 1:
        keys = " and ".join(f"data.{part}_size={share}" for part, share in shares.items())
        raise UserError(f"{keys} leave no images to train on: together they must be below 1")
    shares = {part: share for part, share in shares.items() if share > 0}
    digests = sorted({sample.digest for sample in samples})
    if len(digests) <= len(shares):
        raise UserError(
            f"{len(digests)} different images are too few for the parts train, {', '.join(shares)}:"
            " add images, or do without a test part (data.test_size=0)"
        )
    # The digests in order, cut at the shares' borders.
    cuts, border = [], 0.0
    for share in shares.values():
        border += share
        cuts.append(sum(digest < border * 2**64 for digest in digests))
    for i in range(len(cuts)):  # at least one image below each cut that no earlier part has
        cuts[i] = max(cuts[i], cuts[i - 1] + 1 if i else 1)
    for i in reversed(range(len(cuts))):  # and one above it that no later part has
        cuts[i] = min(cuts[i], (cuts[i + 1] if i + 1 < len(cuts) else len(digests)) - 1)
    owner = {}
    for part, start, end in zip([*shares, "train"], [0, *cuts], [*cuts, len(digests)], strict=True):
        owner.update(dict.fromkeys(digests[start:end], part))
    parts = {part: [] for part in ("train", *shares)}
    for sample in samples:
        parts[owner[sample.digest]].append(sample)
    return parts
