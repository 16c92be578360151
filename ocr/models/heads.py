"""Heads: layers that map features to a logit for every class.

Shapes: B batch, T time steps, F features, K classes with the blank. A head takes (B, T, F) and
returns (B, T, K). Its last layer is its last child.

The best constant output under CTC is the blank at almost every time step. If a network first has to
learn this, the gradients destroy its features, and it then predicts only blanks for many epochs or
for ever. Therefore the bias of the last layer is initialised so that the blank has the probability
`blank_prior` (see benchmarks/README.md).
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
            raise UserError(f"head.blank_prior={blank_prior}: give a probability between 0 and 1")
        with torch.no_grad():
            layer.bias.zero_()
            layer.bias[BLANK] = log((num_classes - 1) * blank_prior / (1 - blank_prior))
    return layer


class Linear(nn.Sequential):
    """One linear layer.

    Args:
        in_features: F.
        num_classes: K.
        blank_prior: Initial probability of the blank; None for torch's initialisation.

    Raises:
        UserError: If `blank_prior` is not between 0 and 1.
    """

    def __init__(self, *, in_features: int, num_classes: int, blank_prior: float | None) -> None:
        super().__init__(_last_layer(in_features, num_classes, blank_prior))


class MLP(nn.Sequential):
    """A hidden layer and a linear layer.

    Args:
        in_features: F.
        num_classes: K.
        units: Nodes of the hidden layer.
        dropout: Probability of dropout after the hidden layer.
        blank_prior: Initial probability of the blank; None for torch's initialisation.

    Raises:
        UserError: If `blank_prior` is not between 0 and 1.
    """

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
