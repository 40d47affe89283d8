"""Activations for inference on CPUs, by numba kernels.

Their plain versions are `functional.gelu` and what `FanLayer` does otherwise.
"""

import functools

import torch
from torch import Tensor
from torch.nn import functional

from espnet_plugin.semamba_pp.selective_scan import unusable


@functools.cache
def _numba_works() -> bool:
    return unusable("cpu") is None


def kernels_work(x: Tensor) -> bool:
    """Whether the kernels may be used on x: on CPUs, in float32, without gradients."""
    return (
        not torch.is_grad_enabled()
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and _numba_works()
    )


def map_kernels_work(x: Tensor) -> bool:
    """Whether a map (B, C, T, F) may go through kernels that take several layers in one pass."""
    if not kernels_work(x) or torch.is_autocast_enabled("cpu"):
        return False
    from espnet_plugin.semamba_pp.lanes import LANES

    return x.shape[1] % LANES == 0


def activate(x: Tensor, periodic_size: int) -> Tensor:
    """The activations of a FAN layer: (..., p + g) to (..., 2 p + g), p = periodic_size."""
    from espnet_plugin.semamba_pp.activation_kernels import fan_kernel
    from espnet_plugin.threads import run_in_threads

    y = torch.empty(*x.shape[:-1], x.shape[-1] + periodic_size)
    rows = x.numel() // x.shape[-1]
    x = x.reshape(rows, -1).contiguous()
    run_in_threads(fan_kernel, (x.detach().numpy(), y.view(rows, -1).numpy(), periodic_size), rows)
    return y


def gelu_(x: Tensor) -> Tensor:
    """GELU of x, in place where gradients are off; for maps that nobody else needs."""
    values = in_order_of_memory(x) if kernels_work(x) else None
    if values is None:
        return functional.gelu(x)
    from espnet_plugin.semamba_pp.activation_kernels import gelu_kernel
    from espnet_plugin.threads import run_in_threads

    run_in_threads(gelu_kernel, (values, values), len(values))
    return x


def gelu(x: Tensor) -> Tensor:
    """GELU of x, in the same order in memory."""
    values = in_order_of_memory(x) if kernels_work(x) else None
    if values is None:
        return functional.gelu(x)
    from espnet_plugin.semamba_pp.activation_kernels import gelu_kernel
    from espnet_plugin.threads import run_in_threads

    y = torch.empty_like(x)  # as x has no gaps, in the same order
    run_in_threads(gelu_kernel, (values, in_order_of_memory(y)), len(values))
    return y


def in_order_of_memory(x: Tensor):
    """The values as a flat NumPy array that shares their memory, or None if there are gaps."""
    order = sorted(range(x.ndim), key=lambda axis: -x.stride(axis))
    x = x.detach().permute(order)
    return x.view(-1).numpy() if x.is_contiguous() else None
