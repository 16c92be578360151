"""The latency of a network on one CPU thread."""

import time

import torch
from torch import nn

from ocr.models.latency import REPEATS, WARM_UP, cpu_latency_ms


class Network(nn.Module):
    """A network that sleeps for `ms`, and records the state in which it was called."""

    def __init__(self, ms: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2, dtype=dtype)
        self.ms = ms
        self.seen = []

    def forward(self, images, widths):
        time.sleep(self.ms / 1000)
        self.seen.append((self.training, self.linear.weight.dtype))
        return self.linear(images)


def test_a_network_is_measured_and_left_as_it_was():
    network = Network(2, torch.float32)
    assert cpu_latency_ms(network, torch.zeros(1, 2), torch.ones(1)) >= 2
    assert network.seen == [(False, torch.float32)] * (WARM_UP + REPEATS)
    assert network.training


def test_a_network_of_another_type_is_measured_as_a_float32_copy():
    network = Network(0, torch.float64)
    assert cpu_latency_ms(network, torch.zeros(1, 2), torch.ones(1)) > 0
    assert network.linear.weight.dtype == torch.float64 and network.training
