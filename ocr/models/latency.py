"""How long the network takes for an image."""

import copy
import time
from statistics import median

import torch

from ocr.models.crnn import CRNN
from ocr.threads import one_thread

REPEATS = 9
LEAST, ENOUGH = 7, 20  # or at least 7, if they have taken 20 ms


@torch.inference_mode()
def cpu_latency_ms(model: CRNN, images: torch.Tensor, widths: torch.Tensor) -> float:
    """Milliseconds on one CPU thread from normalised images (B, C, H, W) to logits; a median.

    One thread and float32, so that models compare whatever else the machine is doing.
    """
    if any(p.device.type != "cpu" or p.dtype != torch.float32 for p in model.parameters()):
        model = copy.deepcopy(model).cpu().float()
    training = model.training
    model.eval()
    times = []
    with one_thread():
        while len(times) < (LEAST if sum(times) > ENOUGH else REPEATS):
            start = time.perf_counter()
            model(images, widths)
            times.append(1000 * (time.perf_counter() - start))
    model.train(training)
    return median(times[2:])  # the first ones warm up
