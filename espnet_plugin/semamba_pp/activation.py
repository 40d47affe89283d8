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


def activate(x: Tensor, periodic_size: int) -> Tensor:
    """The activations of a FAN layer: (..., p + g) to (..., 2 p + g), p = periodic_size."""
    from espnet_plugin.semamba_pp.fan_kernels import fan_kernel
    from espnet_plugin.semamba_pp.selective_scan.cpu import run_in_threads

    y = torch.empty(*x.shape[:-1], x.shape[-1] + periodic_size)
    rows = x.numel() // x.shape[-1]
    x = x.reshape(rows, -1).contiguous()
    run_in_threads(fan_kernel, (x.detach().numpy(), y.view(rows, -1).numpy(), periodic_size), rows)
    return y


def gelu_(x: Tensor) -> Tensor:
    """GELU of x, in place where gradients are off; for maps that nobody else needs."""
    if not kernels_work(x):
        return functional.gelu(x)
    return _gelu(x, x)


def gelu(x: Tensor) -> Tensor:
    """GELU of x, in the same order in memory."""
    if not kernels_work(x):
        return functional.gelu(x)
    return _gelu(x, torch.empty_like(x))


def _gelu(x: Tensor, y: Tensor) -> Tensor:
    from espnet_plugin.semamba_pp.fan_kernels import gelu_kernel
    from espnet_plugin.semamba_pp.selective_scan.cpu import run_in_threads

    flat = [_flat(tensor) for tensor in (x, y)]
    if flat[0] is None or flat[1] is None or x.stride() != y.stride():
        return functional.gelu(x)
    run_in_threads(gelu_kernel, flat, len(flat[0]))
    return y


def _flat(x: Tensor):
    """The values in the order of memory as a NumPy array, or None if there are gaps."""
    order = sorted(range(x.ndim), key=lambda axis: -x.stride(axis))
    x = x.detach().permute(order)
    return x.view(-1).numpy() if x.is_contiguous() else None
