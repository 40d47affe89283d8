"""The selective scan for CPUs: numba kernels, forward and backward, in float32.

Why it is fast: a sequence's state (N x D floats) stays in the first-level cache, time is
the outer loop, channels are the vector lanes, and exp is a polynomial (`exp2.py`) rather
than a library call. The sequences of a batch are dealt out to as many threads as torch
uses; the kernels release the interpreter lock. Compiled code is cached on disk by numba.

Array names and shapes as in `reference.py`; `rate` is A transposed (N, D) times log2(e).
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numba import njit
from torch import Tensor

from espnet_plugin.semamba_pp.selective_scan.exp2 import exp2

LOG2_E = 1.4426950408889634
# Reordering of sums stays forbidden: it would let the compiler simplify exp2's rounding.
ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def forward_kernel(u, delta, rate, B, C, skip, y, first, last):
    """Fill y (B, L, D) for the sequences first..last-1."""
    steps, width = u.shape[1], u.shape[2]
    states = rate.shape[0]
    state = np.empty((states, width), np.float32)
    drive = np.empty(width, np.float32)
    output = np.empty(width, np.float32)
    for b in range(first, last):
        state[:] = np.float32(0)
        for t in range(steps):
            step = delta[b, t]
            for d in range(width):
                drive[d] = step[d] * u[b, t, d]
                output[d] = skip[d] * u[b, t, d]
            for n in range(states):
                advance(state[n], output, step, rate[n], drive, B[b, t, n], C[b, t, n])
            y[b, t] = output


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def advance(state, output, step, rate, drive, input_weight, output_weight):
    """One time step of one state in all channels; arrays (D,), state and output in place."""
    for d in range(state.shape[0]):
        value = exp2(step[d] * rate[d]) * state[d] + drive[d] * input_weight
        state[d] = value
        output[d] += value * output_weight


@njit(nogil=True, cache=True, fastmath=ARITHMETIC | {"reassoc"})
def dot(left, right):
    """Sum of products; summing in any order is what lets it vectorise."""
    total = np.float32(0)
    for d in range(left.shape[0]):
        total += left[d] * right[d]
    return total


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def retreat(carry, grad_state, grad_drive, grad_step, grad_rate, grad_y, previous, step, rate,
            input_weight, output_weight):  # fmt: skip
    """Undo `advance` for one state in all channels; arrays (D,), gradients are added in place.

    `carry` comes in as the gradient from the following step and leaves as the one for the
    preceding step; `grad_state` receives the gradient of this step's state.
    """
    for d in range(carry.shape[0]):
        total = carry[d] + grad_y[d] * output_weight
        decay = exp2(step[d] * rate[d])
        through_exponent = total * decay * previous[d]
        grad_state[d] = total
        grad_drive[d] += total * input_weight
        grad_step[d] += through_exponent * rate[d]
        grad_rate[d] += through_exponent * step[d]
        carry[d] = total * decay


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def backward_kernel(u, delta, rate, B, C, skip, grad_y, grad_u, grad_delta, grad_rate, grad_B, grad_C,
                    grad_skip, first, last):  # fmt: skip
    """Fill the gradients for the sequences first..last-1.

    The states are computed again rather than kept from the forward pass: 16 times the size
    of the input would be too much memory, and the recomputation is a quarter of the work.
    grad_rate (B, N, D) and grad_skip (B, D) are per sequence, so that threads never share.
    grad_rate is the gradient of A itself: the factors log2(e) and ln(2) cancel in it.
    """
    steps, width = u.shape[1], u.shape[2]
    states = rate.shape[0]
    history = np.zeros((steps + 1, states, width), np.float32)  # history[t]: before step t
    carry = np.empty((states, width), np.float32)
    drive = np.empty((steps, width), np.float32)
    unused_output = np.zeros(width, np.float32)
    grad_state = np.empty(width, np.float32)
    grad_drive = np.empty(width, np.float32)
    grad_step = np.empty(width, np.float32)
    ln2 = np.float32(1.0 / LOG2_E)
    for b in range(first, last):
        for t in range(steps):
            for d in range(width):
                drive[t, d] = delta[b, t, d] * u[b, t, d]
            for n in range(states):
                history[t + 1, n] = history[t, n]
                advance(history[t + 1, n], unused_output, delta[b, t], rate[n], drive[t], B[b, t, n],
                        np.float32(0))  # fmt: skip
        carry[:] = np.float32(0)
        grad_rate[b] = np.float32(0)
        grad_skip[b] = np.float32(0)
        for t in range(steps - 1, -1, -1):
            grad_drive[:] = np.float32(0)
            grad_step[:] = np.float32(0)
            for n in range(states):
                grad_C[b, t, n] = dot(grad_y[b, t], history[t + 1, n])
                retreat(carry[n], grad_state, grad_drive, grad_step, grad_rate[b, n], grad_y[b, t],
                        history[t, n], delta[b, t], rate[n], B[b, t, n], C[b, t, n])  # fmt: skip
                grad_B[b, t, n] = dot(grad_state, drive[t])
            for d in range(width):
                grad_u[b, t, d] = skip[d] * grad_y[b, t, d] + grad_drive[d] * delta[b, t, d]
                grad_delta[b, t, d] = grad_step[d] * ln2 + grad_drive[d] * u[b, t, d]
                grad_skip[b, d] += grad_y[b, t, d] * u[b, t, d]


_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def run_in_threads(kernel, arrays, sequences: int):
    """Call kernel(*arrays, first, last) on contiguous parts of the batch, one part a thread."""
    threads = min(torch.get_num_threads(), sequences)
    if threads <= 1:
        kernel(*arrays, 0, sequences)
        return
    key = (os.getpid(), threads)  # threads do not survive a fork: a child needs its own pool
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="selective_scan")
    edges = [sequences * i // threads for i in range(threads + 1)]
    parts = [_pools[key].submit(kernel, *arrays, *edges[i : i + 2]) for i in range(threads)]
    for part in parts:
        part.result()


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
