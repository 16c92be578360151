"""Latency of a network on a CPU."""

import copy
import time
from statistics import median

import torch

from ocr.models.crnn import CRNN
from ocr.threads import one_thread

WARM_UP, REPEATS = 2, 7


@torch.inference_mode()
def cpu_latency_ms(model: CRNN, images: torch.Tensor, widths: torch.Tensor) -> float:
    """Measure the latency of a forward pass on one CPU thread in float32.

    With one thread, latencies can be compared even if the machine is doing other work.

    Args:
        model: The network; it stays unchanged.
        images: Normalised images (B, C, H, W).
        widths: Their widths (B,) in pixels, without padding.

    Returns:
        The median, in milliseconds.
    """
    if any(p.device.type != "cpu" or p.dtype != torch.float32 for p in model.parameters()):
        model = copy.deepcopy(model).cpu().float()
    training = model.training
    model.eval()
    times = []
    with one_thread():
        for _ in range(WARM_UP + REPEATS):
            start = time.perf_counter()
            model(images, widths)
            times.append(1000 * (time.perf_counter() - start))
    model.train(training)
    return median(times[WARM_UP:])
