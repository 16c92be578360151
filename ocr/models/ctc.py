"""Connectionist temporal classification (Graves et al. 2006): the loss and the best path.

Shapes: B batch, T time steps, K classes, of which 0 is the blank.
"""

from itertools import groupby
from operator import itemgetter

import torch
import torch.nn.functional as F

from ocr.data.text.charset import BLANK


def ctc_loss(
    logits: torch.Tensor,
    lengths: torch.Tensor,
    targets: torch.Tensor,
    target_lengths: torch.Tensor,
) -> torch.Tensor:
    """Compute the negative log probability of each caption.

    It is computed in float32 under any precision: half precision loses the small probabilities that
    the sum over alignments consists of.

    Args:
        logits: Output of the network (B, T, K).
        lengths: Time steps (B,) without padding.
        targets: Class ids of all captions, concatenated.
        target_lengths: Lengths (B,) of the captions.

    Returns:
        Losses (B,).
    """
    with torch.autocast(logits.device.type, enabled=False):
        log_probs = logits.float().log_softmax(-1).transpose(0, 1)
        if log_probs.device.type == "mps":  # torch has no CTC loss for Apple's GPUs
            log_probs, targets = log_probs.cpu(), targets.cpu()
            lengths, target_lengths = lengths.cpu(), target_lengths.cpu()
        return F.ctc_loss(log_probs, targets, lengths, target_lengths, BLANK, reduction="none")


def best_path(logits: torch.Tensor, lengths: torch.Tensor) -> list[list[int]]:
    """Decode greedily: take the best class of each time step, merge repeats, drop blanks.

    Args:
        logits: Output of the network (B, T, K).
        lengths: Time steps (B,) without padding.

    Returns:
        B lists of class ids.
    """
    steps = logits.argmax(-1)
    valid = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
    changed = torch.ones_like(valid)
    changed[:, 1:] = steps[:, 1:] != steps[:, :-1]
    keep = valid & changed & (steps != BLANK)
    rows = zip(steps.tolist(), keep.tolist(), strict=True)
    return [[i for i, kept in zip(*row, strict=True) if kept] for row in rows]


def best_path_positions(
    logits: torch.Tensor, lengths: torch.Tensor
) -> list[list[tuple[int, float]]]:
    """Decode as `best_path`, with the position of each symbol.

    Args:
        logits: Output of the network (B, T, K).
        lengths: Time steps (B,) without padding.

    Returns:
        B lists of class ids and time steps, from 0: the middle of the steps of the symbol.
    """
    paths = []
    for steps, length in zip(logits.argmax(-1).tolist(), lengths.tolist(), strict=True):
        path = []
        for symbol, run in groupby(enumerate(steps[:length]), itemgetter(1)):
            positions = [step for step, _ in run]
            if symbol != BLANK:
                path.append((symbol, (positions[0] + positions[-1]) / 2))
        paths.append(path)
    return paths


def blank_share(logits: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return the share of time steps within `lengths` whose best class is the blank, a scalar."""
    steps = logits.argmax(-1)
    valid = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
    return ((steps == BLANK) & valid).sum() / valid.sum().clamp(min=1)
