"""Decode a network's output into texts and their probabilities.

Shapes: B batch, T time steps, K classes with the blank.
"""

from collections.abc import Sequence

import torch

from ocr.data.text.charset import Charset
from ocr.models.ctc import best_path, ctc_loss
from ocr.models.reading import Reading


def decode(logits: torch.Tensor, lengths: torch.Tensor, charset: Charset) -> list[Reading]:
    """Decode the best path of each image, with its confidence.

    Args:
        logits: Output of the network, (B, T, K).
        lengths: Time steps without padding, (B,).
        charset: Symbols of the classes.

    Returns:
        B readings; the confidence is summed over all alignments of the text.
    """
    captions = best_path(logits, lengths)
    confidences = log_probabilities(logits, lengths, captions).exp().tolist()
    return [
        Reading(charset.decode(ids), confidence)
        for ids, confidence in zip(captions, confidences, strict=True)
    ]


def log_probabilities(
    logits: torch.Tensor, lengths: torch.Tensor, captions: Sequence[Sequence[int]]
) -> torch.Tensor:
    """Compute the log probability of one caption per image, summed over all alignments.

    Args:
        logits: Output of the network, (B, T, K).
        lengths: Time steps without padding, (B,).
        captions: B captions as class ids.

    Returns:
        Log probabilities (B,), -inf for a caption with too few time steps.
    """
    targets = torch.tensor([i for ids in captions for i in ids], dtype=torch.long)
    sizes = torch.tensor([len(ids) for ids in captions])
    losses = ctc_loss(logits, lengths, targets.to(logits.device), sizes.to(logits.device))
    # An image that is too narrow for a single time step has not been read at all.
    return torch.where(lengths.to(losses.device) > 0, -losses, -torch.inf)
