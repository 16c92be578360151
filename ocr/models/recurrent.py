"""Recurrent parts, the "memory units": every time step learns of its neighbours.

Shapes: B batch, T time steps, F features. A recurrent part takes (B, T, F) and lengths (B,), gives
(B, T, F') and declares `out_features`. What lies beyond a sequence's length has no influence.
"""

from typing import Any

import torch
from torch import nn


class Bidirectional(nn.Module):
    """One layer of `kind` read from left to right, and one from right to left.

    (B, T, F) -> (B, T, 2 * hidden_size). torch's own bidirectional layers take sequences of several
    lengths packed only, and then the backward pass takes time by the square of T on a CPU.
    """

    def __init__(self, kind: type[nn.RNNBase], in_features: int, hidden_size: int) -> None:
        super().__init__()
        self.forward_rnn = kind(in_features, hidden_size, batch_first=True)
        self.backward_rnn = kind(in_features, hidden_size, batch_first=True)
        self.register_load_state_dict_pre_hook(split_bidirectional)

    def forward(self, x: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
        """turned: (B, T, 1), the time steps of each sequence from its own end to its beginning."""
        backward_rnn, _ = self.backward_rnn(torch.take_along_dim(x, turned, 1))
        return torch.cat(
            [self.forward_rnn(x)[0], torch.take_along_dim(backward_rnn, turned, 1)], -1
        )


def split_bidirectional(module: nn.Module, weights: dict[str, Any], prefix: str, *_: Any) -> None:
    """Earlier checkpoints hold torch's bidirectional layer, `kind(bidirectional=True)`, here."""
    for key in [key for key in weights if "." not in key.removeprefix(prefix)]:
        name = key.removeprefix(prefix)
        own = name.removesuffix("_reverse")
        way = "forward_rnn" if own == name else "backward_rnn"
        weights[f"{prefix}{way}.{own}"] = weights.pop(key)


class Recurrent(nn.Module):
    """A stack of bidirectional layers of one `kind` of cell, such as torch.nn.LSTM.

    in_features: F. num_layers: how many layers. hidden_size: of the first, in each direction;
    hidden_size_2: of every further one, None for the same. dropout: after each layer.
    """

    kind: type[nn.RNNBase]

    def __init__(
        self,
        *,
        in_features: int,
        num_layers: int,
        hidden_size: int,
        hidden_size_2: int | None,
        dropout: float,
    ) -> None:
        super().__init__()
        sizes = [hidden_size] + [hidden_size_2 or hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList()
        for size in sizes:
            self.layers.append(Bidirectional(self.kind, in_features, size))
            in_features = 2 * size
        self.dropout = nn.Dropout(dropout)
        self.out_features = in_features

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, F), (B,) -> (B, T, F')."""
        steps = torch.arange(x.shape[1], device=x.device)
        ends = lengths[:, None]
        turned = torch.where(steps < ends, ends - 1 - steps, steps)[..., None]
        for layer in self.layers:
            x = self.dropout(layer(x, turned))
        return x


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997)."""

    kind = nn.LSTM


class GRU(Recurrent):
    """Gated recurrent units (Cho et al. 2014, arXiv:1406.1078)."""

    kind = nn.GRU


class RNN(Recurrent):
    """Plain recurrent units (Elman 1990), tanh."""

    kind = nn.RNN


class Identity(nn.Module):
    """No recurrent part: the head sees the encoder's features."""

    def __init__(self, *, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, F) as they are."""
        return x
