"""How long the network takes for an image."""

import copy
import time
from statistics import median

import torch

from ocr.model.crnn import CRNN

REPEATS = 15


@torch.inference_mode()
def cpu_ms(model: CRNN, images: torch.Tensor, widths: torch.Tensor) -> float:
    """Milliseconds on one CPU thread from normalised images (B, C, H, W) to logits; a median.

    One thread and float32, so that models compare whatever else the machine is doing.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            model(images, widths)
            times.append(1000 * (time.perf_counter() - start))
    finally:
        torch.set_num_threads(threads)
    return median(times[3:])  # the first ones warm up
