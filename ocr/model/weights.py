"""How a network's weights begin."""

import torch
from torch import nn

from ocr.errors import UserError


def initialise(model: nn.Module, weights: str) -> None:
    """Leave torch's own weights ("torch"), or set those that Keras would begin with ("keras").

    Keras: Glorot & Bengio 2010 for convolutions and linear layers, orthogonal matrices between
    the steps of a recurrent layer, biases of 0, but 1 for an LSTM's forget gates.
    """
    if weights not in ("torch", "keras"):
        raise UserError(f"model.weights={weights}: choose torch or keras")
    if weights == "keras":
        model.apply(_as_keras)


@torch.no_grad()
def _as_keras(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.RNNBase):
        for name, parameter in layer.named_parameters():
            gates = parameter.split(layer.hidden_size)
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(parameter)
            elif name.startswith("weight_hh"):
                for gate in gates:
                    nn.init.orthogonal_(gate)
            else:
                nn.init.zeros_(parameter)
                if isinstance(layer, nn.LSTM) and name.startswith("bias_ih"):
                    nn.init.ones_(gates[1])  # in, forget, cell, out
