"""Numeric precision."""

import torch


def fastest_precision(accelerator: str = "auto") -> str:
    """Choose bf16-mixed on a GPU that supports it, else float32.

    On CPUs bf16 is slower, even with avx512_bf16: a training step takes 1.2 times as long
    (benchmarks/README.md).

    Args:
        accelerator: Lightning's name of the device: auto, cpu, gpu, cuda or mps.

    Returns:
        Lightning's name of the precision: bf16-mixed or 32-true.
    """
    on_cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    if on_cuda and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16-mixed"
    return "32-true"
