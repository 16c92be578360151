"""The fastest number format that is safe on a device."""

import torch


def fastest_precision(accelerator: str = "auto") -> str:
    """Choose bf16 mixed with float32 on a GPU that multiplies in bf16, else float32.

    CPUs compute in float32 whatever their flags say: on one that has avx512_bf16 a training step
    takes 1.2 times as long in bf16 (benchmarks/README.md, "What makes it quick").

    Args:
        accelerator: Lightning's name of the device: auto, cpu, gpu, cuda or mps.

    Returns:
        Lightning's name of the precision: bf16-mixed or 32-true.
    """
    on_cuda = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    if on_cuda and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16-mixed"
    return "32-true"
