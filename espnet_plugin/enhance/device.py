"""Where and with which numbers a network calculates."""

import torch

from espnet_plugin.errors import UserError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """The torch device that a name stands for.

    Args:
        name: "auto" (CUDA if present, else Apple's GPU, else the CPU), "cpu", "cuda", "cuda:1", "mps".

    Raises:
        UserError: unknown name, or a device this machine does not have.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"unknown device '{name}': choose auto, cpu, cuda, cuda:1 or mps") from None
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present.get(device.type, False) or (device.index or 0) >= max(torch.cuda.device_count(), 1):
        raise UserError(f"this machine has no device '{name}': choose --device cpu or auto")
    return device


def calculates_with(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a device has instructions for a type; without, products take dozens of times as long."""
    if device.type != "cpu" or dtype == torch.float32:
        return True
    kernels = torch.ops.mkldnn
    return bool(
        kernels._is_mkldnn_bf16_supported()
        if dtype == torch.bfloat16
        else kernels._is_mkldnn_fp16_supported()
    )
