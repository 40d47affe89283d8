"""The selective scan for CPUs as a differentiable torch operation, on numba kernels in float32.

The sequences of a batch are dealt out to as many threads as torch uses. Compiled code is
kept on disk by numba, so that only the first call ever pays for the compilation.
"""

import numpy as np
import torch
from torch import Tensor

from espnet_plugin.semamba_pp.lanes import LOG2_E
from espnet_plugin.semamba_pp.selective_scan.kernels import backward_kernel, forward_kernel
from espnet_plugin.threads import run_in_threads


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    """Contiguous float32 NumPy views (or copies, where the layout or precision differs)."""
    return [tensor.detach().to(torch.float32).contiguous().numpy() for tensor in tensors]


class CpuScan(torch.autograd.Function):
    """The scan as a differentiable torch operation; arguments as in `selective_scan`."""

    @staticmethod
    def forward(context, u, delta, A, B, C, D):
        context.save_for_backward(u, delta, A, B, C, D)
        y = torch.empty(u.shape, dtype=torch.float32)
        arrays = _arrays(u, delta, A.T * LOG2_E, B, C, D)
        run_in_threads(forward_kernel, (*arrays, y.numpy()), u.shape[0])
        return y.to(u.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, grad_y):
        tensors = context.saved_tensors
        u, delta, A, B, C, D = tensors
        arrays = _arrays(u, delta, A.T * LOG2_E, B, C, D, grad_y)
        sequences, (channels, states) = u.shape[0], A.shape
        shapes = (u.shape, u.shape, (sequences, states, channels), B.shape, C.shape, (sequences, channels))
        gradients = [torch.empty(shape, dtype=torch.float32) for shape in shapes]
        run_in_threads(backward_kernel, (*arrays, *(g.numpy() for g in gradients)), sequences)
        gradients[2] = gradients[2].sum(0).T
        gradients[5] = gradients[5].sum(0)
        return tuple(gradient.to(tensor.dtype) for gradient, tensor in zip(gradients, tensors))


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """Run the scan on the CPU; arguments as in `selective_scan`."""
    return CpuScan.apply(u, delta, A, B, C, D)
