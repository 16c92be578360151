"""Recurrent parts, the "memory units": every time step learns of its neighbours.

Shapes: B batch, T time steps, F features. A recurrent part takes (B, T, F) and lengths (B,), gives
(B, T, F') and declares `out_features`. What lies beyond a sequence's length has no influence.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


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
            self.layers.append(self.kind(in_features, size, bidirectional=True, batch_first=True))
            in_features = 2 * size
        self.dropout = nn.Dropout(dropout)
        self.out_features = in_features

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, F), (B,) -> (B, T, F')."""
        steps = x.shape[1]
        padded = bool((lengths < steps).any())
        # The backward direction has to start at each sequence's own end.
        lengths = lengths.clamp(min=1).cpu() if padded else lengths
        for layer in self.layers:
            if padded:
                packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
                x, _ = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=steps)
            else:
                x, _ = layer(x)
            x = self.dropout(x)
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


class Bypass(nn.Module):
    """No recurrent part: the head sees the encoder's features."""

    def __init__(self, *, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """(B, T, F) as they are."""
        return x
