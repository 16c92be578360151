"""From what the network puts out to texts, and how sure it is of them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from ocr.data.text.charset import Charset
from ocr.models.ctc import best_path, ctc_loss


class Reading(NamedTuple):
    """What an image says.

    confidence: the probability that the model gives this text, 0 to 1. error: why the image could
    not be read, and has no text; None if it could.
    """

    text: str
    confidence: float
    error: str | None = None


def readings(logits: torch.Tensor, lengths: torch.Tensor, charset: Charset) -> list[Reading]:
    """The best path of each of (B, T, K), within lengths (B,)."""
    captions = best_path(logits, lengths)
    confidences = log_probabilities(logits, lengths, captions).exp().tolist()
    return [
        Reading(charset.decode(ids), confidence)
        for ids, confidence in zip(captions, confidences, strict=True)
    ]


def log_probabilities(
    logits: torch.Tensor, lengths: torch.Tensor, captions: Sequence[Sequence[int]]
) -> torch.Tensor:
    """Of each row's own caption, given as ids: (B,), -inf if it has no room in the image."""
    targets = torch.tensor([i for ids in captions for i in ids], dtype=torch.long)
    sizes = torch.tensor([len(ids) for ids in captions])
    losses = ctc_loss(logits, lengths, targets.to(logits.device), sizes.to(logits.device))
    # An image too narrow for a single time step was not read at all.
    return torch.where(lengths.to(losses.device) > 0, -losses, -torch.inf)
