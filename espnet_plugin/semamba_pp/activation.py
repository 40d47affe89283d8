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
    from espnet_plugin.threads import run_in_threads

    y = torch.empty(*x.shape[:-1], x.shape[-1] + periodic_size)
    rows = x.numel() // x.shape[-1]
    x = x.reshape(rows, -1).contiguous()
    run_in_threads(fan_kernel, (x.detach().numpy(), y.view(rows, -1).numpy(), periodic_size), rows)
    return y


def gelu_(x: Tensor) -> Tensor:
    """GELU of x, in place where gradients are off; for maps that nobody else needs."""
    values = _flat(x) if kernels_work(x) else None
    if values is None:
        return functional.gelu(x)
    from espnet_plugin.semamba_pp.fan_kernels import gelu_in_place_kernel
    from espnet_plugin.threads import run_in_threads

    run_in_threads(gelu_in_place_kernel, (values,), len(values))
    return x


def gelu(x: Tensor) -> Tensor:
    """GELU of x, in the same order in memory."""
    values = _flat(x) if kernels_work(x) else None
    if values is None:
        return functional.gelu(x)
    from espnet_plugin.semamba_pp.fan_kernels import gelu_kernel
    from espnet_plugin.threads import run_in_threads

    y = torch.empty_like(x)  # as x has no gaps, in the same order
    run_in_threads(gelu_kernel, (values, _flat(y)), len(values))
    return y


def _flat(x: Tensor):
    """The values in the order of memory as a NumPy array, or None if there are gaps."""
    order = sorted(range(x.ndim), key=lambda axis: -x.stride(axis))
    x = x.detach().permute(order)
    return x.view(-1).numpy() if x.is_contiguous() else None
