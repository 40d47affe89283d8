"""The selective scan for CPUs as a differentiable torch operation, on numba kernels in float32.

The sequences of a batch are dealt out to as many threads as torch uses. Compiled code is
kept on disk by numba, so that only the first call ever pays for the compilation.
"""

import numpy as np
import torch
from torch import Tensor, nn

from espnet_plugin.semamba_pp.selective_scan.kernels import (
    LOG2_E,
    backward_kernel,
    convolution_kernel,
    forward_kernel,
    gated_kernel,
)
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


def convolve(projected: Tensor, taps: Tensor, bias: Tensor, backward: bool) -> Tensor:
    """Causal convolution of each channel and SiLU in one pass, without gradients.

    Args:
        projected: (batch, time, 2 channels), the channels a multiple of `LANES`; the second half is not read.
        taps: (channels, 1, K), as `Conv1d` keeps them.
        bias: (channels,).
        backward: run from the last step to the first.

    Returns:
        (batch, time, channels).
    """
    u = torch.empty(*projected.shape[:2], len(bias))
    projected, taps, bias = _arrays(projected, taps[:, 0].T, bias)
    run_in_threads(convolution_kernel, (projected, taps, bias, backward, u.numpy()), len(projected))
    return u


def gated_scan_(
    u: Tensor, parameters: Tensor, gate: Tensor, step: nn.Linear, A: Tensor, D: Tensor, backward: bool
):
    """The scan with what comes before and after it in one pass, in place of u, without gradients.

    Args:
        u: input and result, contiguous, (batch, time, channels), the channels a multiple of `LANES`.
        parameters: (batch, time, rank + 2 states): input of the step, B and C.
        gate: (batch, time, 2 channels): its second half, through SiLU, multiplies the output.
        step: its softplus is the step size, as in `selective_scan`.
        A, D: as in `selective_scan`.
        backward: run from the last step to the first.
    """
    arrays = _arrays(parameters, gate, step.weight.T, step.bias, A.T * LOG2_E, D)
    run_in_threads(gated_kernel, (u.numpy(), *arrays, backward, u.numpy()), len(u))
