"""Numba kernels of the selective scan, forward and backward, in float32.

Why they are fast: a sequence's state (N x D floats) stays in the first-level cache, time is
the outer loop, channels are the vector lanes, and exp is a polynomial rather than a library
call. What runs at every time step is written in vector instructions (class `Lanes`). The
kernels release the interpreter lock, so that threads can share a batch.

Array names and shapes as in `reference.py`; `rate` is A transposed (N, D) times log2(e).
"""

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from espnet_plugin.semamba_pp.lanes import ARITHMETIC, LANES, LOG2_E, Lanes


@intrinsic
def advance(typing_context, previous, following, output, step, rate, drive, B, C):
    """One time step of all states: following = exp2(step rate) previous + drive B; output += C following.

    previous and following, which may be the same, and rate are (N, W), output, step and drive (W,),
    B and C (N,); W is a multiple of LANES.
    """

    def generate(context, builder, signature, values):
        lanes = Lanes(context, builder, signature.args, values)
        previous, following, output, step, rate, drive, B, C = range(8)
        states, width = lanes.shapes[rate]
        total = cgutils.alloca_once(builder, lanes.vector)
        with lanes.each(width) as (d, _):
            step_d, drive_d = lanes.load(step, d), lanes.load(drive, d)
            builder.store(lanes.load(output, d), total)
            with cgutils.for_range(builder, states) as loop:
                place = builder.add(builder.mul(loop.index, width), d)
                decay = lanes.exp2(lanes.multiply(step_d, lanes.load(rate, place)))
                driven = lanes.multiply(drive_d, lanes.repeat(B, loop.index))
                value = lanes.add(lanes.multiply(decay, lanes.load(previous, place)), driven)
                lanes.store(value, following, place)
                weighted = lanes.multiply(value, lanes.repeat(C, loop.index))
                builder.store(lanes.add(builder.load(total), weighted), total)
            lanes.store(builder.load(total), output, d)
        return context.get_dummy_value()

    arrays = previous, following, output, step, rate, drive, B, C
    return types.void(*arrays), generate


@intrinsic
def retreat(typing_context, carry, previous, following, grad_y, step, rate, drive, B, C,
            grad_drive, grad_step, grad_rate, grad_B, grad_C):  # fmt: skip
    """Undo `advance` for all states.

    `carry` (N, W) comes in as the gradient from the following step and leaves as the one for the
    preceding step. grad_drive, grad_step (W,) and grad_rate (N, W) are added to, grad_B and
    grad_C (N,) are set.
    """

    def generate(context, builder, signature, values):
        lanes = Lanes(context, builder, signature.args, values)
        (carry, previous, following, grad_y, step, rate, drive, B, C,
         grad_drive, grad_step, grad_rate, grad_B, grad_C) = range(14)  # fmt: skip
        states, width = lanes.shapes[rate]
        total_B, total_C = (cgutils.alloca_once(builder, lanes.vector) for _ in range(2))
        with cgutils.for_range(builder, states) as loop:
            n = loop.index
            B_n, C_n = lanes.repeat(B, n), lanes.repeat(C, n)
            for total in (total_B, total_C):
                builder.store(lanes.constant(0), total)
            with lanes.each(width) as (d, _):
                place = builder.add(builder.mul(n, width), d)
                grad_y_d, step_d, rate_d = lanes.load(grad_y, d), lanes.load(step, d), lanes.load(rate, place)
                total = lanes.add(lanes.load(carry, place), lanes.multiply(grad_y_d, C_n))
                carried = lanes.multiply(total, lanes.exp2(lanes.multiply(step_d, rate_d)))
                through_exponent = lanes.multiply(carried, lanes.load(previous, place))
                lanes.store(carried, carry, place)
                lanes.add_to(grad_drive, d, lanes.multiply(total, B_n))
                lanes.add_to(grad_step, d, lanes.multiply(through_exponent, rate_d))
                lanes.add_to(grad_rate, place, lanes.multiply(through_exponent, step_d))
                for sum_, product in (
                    (total_B, lanes.multiply(total, lanes.load(drive, d))),
                    (total_C, lanes.multiply(grad_y_d, lanes.load(following, place))),
                ):
                    builder.store(lanes.add(builder.load(sum_), product), sum_)
            for array, sum_ in ((grad_B, total_B), (grad_C, total_C)):
                value = lanes.total(builder.load(sum_))
                builder.store(value, builder.gep(lanes.pointers[array], [n]))
        return context.get_dummy_value()

    arrays = (carry, previous, following, grad_y, step, rate, drive, B, C,
              grad_drive, grad_step, grad_rate, grad_B, grad_C)  # fmt: skip
    return types.void(*arrays), generate


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def whole_vectors(width):
    """The smallest multiple of LANES from a width on."""
    return -(-width // LANES) * LANES


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def padded(rate):
    """The same (N, D) with zeros behind, up to whole vectors."""
    wide = np.zeros((rate.shape[0], whole_vectors(rate.shape[1])), np.float32)
    wide[:, : rate.shape[1]] = rate
    return wide


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def forward_kernel(u, delta, rate, B, C, skip, y, first, last):
    """Fill y (B, L, D) for the sequences first..last-1."""
    steps, width = u.shape[1], u.shape[2]
    rate = padded(rate)
    state = np.empty(rate.shape, np.float32)
    step, drive, output = np.zeros((3, rate.shape[1]), np.float32)
    for b in range(first, last):
        state[:] = np.float32(0)
        for t in range(steps):
            step[:width] = delta[b, t]
            multiply(delta[b, t], u[b, t], drive[:width])
            multiply(skip, u[b, t], output[:width])
            advance(state, state, output, step, rate, drive, B[b, t], C[b, t])
            y[b, t] = output[:width]


# One small loop per function: the compiler vectorises a loop over few arrays only, as it must check
# that they do not overlap.
@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def multiply(left, right, product):
    """product = left right; arrays (D,)."""
    for d in range(product.shape[0]):
        product[d] = left[d] * right[d]


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def add_products(total, left, right):
    """total += left right, in place; arrays (D,)."""
    for d in range(total.shape[0]):
        total[d] += left[d] * right[d]


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def backward_kernel(u, delta, rate, B, C, skip, grad_y, grad_u, grad_delta, grad_rate, grad_B, grad_C,
                    grad_skip, first, last):  # fmt: skip
    """Fill the gradients for the sequences first..last-1.

    The states are computed again rather than kept from the forward pass: 16 times the size
    of the input would be too much memory, and the recomputation is a quarter of the work.
    grad_rate (B, N, D) and grad_skip (B, D) are per sequence, so that threads never share.
    grad_rate is the gradient of A itself: the factors log2(e) and ln(2) cancel in it.
    """
    steps, width = u.shape[1], u.shape[2]
    rate = padded(rate)
    states, wide = rate.shape
    history = np.zeros((steps + 1, states, wide), np.float32)  # history[t]: before step t
    carry, grad_rate_b = np.empty((2, states, wide), np.float32)
    step, drive = np.zeros((2, steps, wide), np.float32)
    unused_output, wide_grad_y, grad_drive, grad_step = np.zeros((4, wide), np.float32)
    unused_weights = np.zeros(states, np.float32)
    ln2 = np.float32(1.0 / LOG2_E)
    for b in range(first, last):
        for t in range(steps):
            step[t, :width] = delta[b, t]
            multiply(delta[b, t], u[b, t], drive[t, :width])
            advance(history[t], history[t + 1], unused_output, step[t], rate, drive[t], B[b, t], unused_weights)
        carry[:] = np.float32(0)
        grad_rate_b[:] = np.float32(0)
        grad_skip[b] = np.float32(0)
        for t in range(steps - 1, -1, -1):
            grad_drive[:] = np.float32(0)
            grad_step[:] = np.float32(0)
            wide_grad_y[:width] = grad_y[b, t]
            retreat(carry, history[t], history[t + 1], wide_grad_y, step[t], rate, drive[t], B[b, t], C[b, t],
                    grad_drive, grad_step, grad_rate_b, grad_B[b, t], grad_C[b, t])  # fmt: skip
            for d in range(width):
                grad_u[b, t, d] = skip[d] * grad_y[b, t, d] + grad_drive[d] * delta[b, t, d]
                grad_delta[b, t, d] = grad_step[d] * ln2 + grad_drive[d] * u[b, t, d]
            add_products(grad_skip[b], grad_y[b, t], u[b, t])
        grad_rate[b] = grad_rate_b[:, :width]
