"""Heads: from features to a score for every symbol.

Shapes: B batch, T time steps, F features, K classes with the blank. (B, T, F) -> (B, T, K).

CTC's best constant answer is the blank almost everywhere. A head that has to find that out first
does it with gradients so large that they wreck the features below it, and then puts out blanks for
many epochs, or for ever. So a head starts from there: its bias gives the blank the probability
`blank_prior`, and what is left to learn is where the symbols are (see benchmarks/README.md). None
starts as torch does.
"""

from math import log

import torch
from torch import nn

from ocr.data.text.charset import BLANK
from ocr.errors import UserError
from ocr.models.layers import Dense


def _last_layer(in_features: int, num_classes: int, blank_prior: float | None) -> nn.Linear:
    layer = nn.Linear(in_features, num_classes)
    if blank_prior is not None:
        if not 0 < blank_prior < 1:
            raise UserError(f"head.blank_prior={blank_prior} is a probability: between 0 and 1")
        with torch.no_grad():
            layer.bias.zero_()
            layer.bias[BLANK] = log((num_classes - 1) * blank_prior / (1 - blank_prior))
    return layer


class Linear(nn.Sequential):
    """One linear layer."""

    def __init__(self, *, in_features: int, num_classes: int, blank_prior: float | None) -> None:
        super().__init__(_last_layer(in_features, num_classes, blank_prior))


class MLP(nn.Sequential):
    """A hidden layer of `units` nodes before the last one."""

    def __init__(
        self,
        *,
        in_features: int,
        num_classes: int,
        units: int,
        dropout: float,
        blank_prior: float | None,
    ) -> None:
        super().__init__(
            Dense(in_features, units, dropout, norm="none"),
            _last_layer(units, num_classes, blank_prior),
        )
