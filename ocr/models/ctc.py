"""Connectionist temporal classification: the loss, and reading the best path.

Graves et al. 2006, "Connectionist Temporal Classification". Shapes: B batch, T time steps,
K classes, of which 0 is the blank.
"""

import torch
import torch.nn.functional as F

from ocr.data.text.charset import BLANK


def ctc_loss(
    logits: torch.Tensor,
    lengths: torch.Tensor,
    targets: torch.Tensor,
    target_lengths: torch.Tensor,
) -> torch.Tensor:
    """Minus the log probability of each caption, (B,).

    logits (B, T, K) and lengths (B,); targets, all captions' ids one after another, and
    target_lengths (B,). Computed in float32 whatever the precision around it: half precision
    loses the small probabilities that the sum over alignments is made of.
    """
    with torch.autocast(logits.device.type, enabled=False):
        log_probs = logits.float().log_softmax(-1).transpose(0, 1)
        if log_probs.device.type == "mps":  # Apple's GPUs have no CTC in torch
            log_probs, targets = log_probs.cpu(), targets.cpu()
            lengths, target_lengths = lengths.cpu(), target_lengths.cpu()
        return F.ctc_loss(log_probs, targets, lengths, target_lengths, BLANK, reduction="none")


def best_path(logits: torch.Tensor, lengths: torch.Tensor) -> list[list[int]]:
    """The ids read from (B, T, K): the best class of each step, repeats merged, blanks dropped.

    Merged first: a doubled letter is two runs with a blank between them.
    """
    steps = logits.argmax(-1)
    valid = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
    changed = torch.ones_like(valid)
    changed[:, 1:] = steps[:, 1:] != steps[:, :-1]
    keep = valid & changed & (steps != BLANK)
    rows = zip(steps.tolist(), keep.tolist(), strict=True)
    return [[i for i, kept in zip(*row, strict=True) if kept] for row in rows]


def blank_share(logits: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The share of steps within `lengths` at which the blank wins; a scalar."""
    steps = logits.argmax(-1)
    valid = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
    return ((steps == BLANK) & valid).sum() / valid.sum().clamp(min=1)
