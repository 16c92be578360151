"""The fastest number format that is safe on a device."""

import torch


def fastest_precision(accelerator: str = "auto") -> str:
    """Lightning's name for it: bf16 mixed with float32 where the hardware multiplies in bf16."""
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return (
            "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
        )
    if accelerator != "cpu" and torch.backends.mps.is_available():
        return "32-true"
    return "bf16-mixed" if accelerator in ("auto", "cpu") and _cpu_has_bf16() else "32-true"


def _cpu_has_bf16() -> bool:
    features = torch.cpu.get_capabilities()
    # Without such instructions bf16 is emulated, and slower than float32.
    return bool(features.get("avx512_bf16") or features.get("amx_bf16") or features.get("bf16"))
