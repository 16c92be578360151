"""Recurrent parts: layers that give every time step the context of its neighbours.

Shapes: B batch, T time steps, F features. A recurrent part takes features (B, T, F) and lengths
(B,), returns (B, T, F') and declares `out_features` (F'). Time steps beyond the length of a
sequence have no influence.
"""

import torch
from torch import nn


class Bidirectional(nn.Module):
    """A bidirectional layer for padded sequences.

    Torch's own bidirectional layers only take packed sequences, whose backward pass on a CPU takes
    time proportional to the square of T.

    Args:
        kind: Class of the layer, such as torch.nn.LSTM.
        in_features: F.
        hidden_size: Features of each direction; the output has twice as many.
    """

    def __init__(self, kind: type[nn.RNNBase], in_features: int, hidden_size: int) -> None:
        super().__init__()
        self.forward_rnn = kind(in_features, hidden_size, batch_first=True)
        self.backward_rnn = kind(in_features, hidden_size, batch_first=True)

    def forward(self, x: torch.Tensor, reversal: torch.Tensor) -> torch.Tensor:
        """Compute the layer.

        Args:
            x: Features (B, T, F).
            reversal: Indices (B, T, 1) that reverse each sequence within its length.

        Returns:
            Features (B, T, 2 * hidden_size).
        """
        forward, _ = self.forward_rnn(x)
        backward, _ = self.backward_rnn(torch.take_along_dim(x, reversal, 1))
        return torch.cat([forward, torch.take_along_dim(backward, reversal, 1)], -1)


class Recurrent(nn.Module):
    """A stack of bidirectional layers.

    Args:
        in_features: F.
        num_layers: Number of layers.
        hidden_size: Features of each direction of the first layer.
        hidden_size_2: Features of each direction of further layers; None for `hidden_size`.
        dropout: Probability of dropout after each layer.

    Attributes:
        kind: Class of the layers.
        out_features: F'.
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
        """Compute all layers.

        Args:
            x: Features (B, T, F).
            lengths: Time steps (B,) without padding.

        Returns:
            Features (B, T, F').
        """
        steps = torch.arange(x.shape[1], device=x.device)
        ends = lengths[:, None]
        reversal = torch.where(steps < ends, ends - 1 - steps, steps)[..., None]
        for layer in self.layers:
            x = self.dropout(layer(x, reversal))
        return x


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997)."""

    kind = nn.LSTM


class GRU(Recurrent):
    """Gated recurrent units (Cho et al. 2014, arXiv:1406.1078)."""

    kind = nn.GRU


class RNN(Recurrent):
    """Plain recurrent units with tanh (Elman 1990)."""

    kind = nn.RNN


class Identity(nn.Module):
    """No recurrent part: the features pass unchanged.

    Args:
        in_features: F.
    """

    def __init__(self, *, in_features: int) -> None:
        super().__init__()
        self.out_features = in_features

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return `x`."""
        return x
