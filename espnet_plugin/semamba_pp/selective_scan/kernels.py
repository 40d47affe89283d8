"""Numba kernels of the selective scan, forward and backward, in float32.

Why they are fast: a sequence's state (N x D floats) stays in the first-level cache, time is
the outer loop, channels are the vector lanes, and exp is a polynomial rather than a library
call. The kernels release the interpreter lock, so that threads can share a batch.

Everything that is compiled stands in this one file: numba keeps compiled code on disk and
notices a change of the file of a kernel only, not of what the kernel calls elsewhere.

Array names and shapes as in `reference.py`; `rate` is A transposed (N, D) times log2(e).
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

LOG2_E = 1.4426950408889634
# "contract" and the like are not all of it: kernels also divide without Python's check for
# zeros (error_model), which would keep the loop from becoming vector instructions.
# Reordering of sums stays forbidden: it would let the compiler simplify exp2's rounding.
ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}

# Least-squares polynomial of 2^f on [-0.5, 0.5] in relative error (largest: 2e-9), lower terms first.
COEFFICIENTS = (
    1.0000000005920209,
    0.6931472056005098,
    0.24022646608714082,
    0.05550328997517313,
    0.009618519534342215,
    0.0013399860363274459,
    0.00015337576836203272,
)
C0, C1, C2, C3, C4, C5, C6 = (np.float32(c) for c in COEFFICIENTS)
LOWEST = np.float32(-126.0)  # the smallest exponent of a normal float32
HIGHEST = np.float32(126.0)
# Adding 1.5 * 2^23 leaves no bits for a fraction: the sum's low bits are the rounded integer.
ROUNDER = np.float32(12582912.0)


# The same for log(1 + e) / e on [0, 1] (largest error: 3.5e-8).
LOGARITHM_COEFFICIENTS = (
    0.9999999651599161,
    -0.49999435690455263,
    0.3331793432199773,
    -0.24833945456880685,
    0.19071309583456525,
    -0.1359060023558047,
    0.07738073838086622,
    -0.028991956391482294,
    0.0051058258001474306,
)
L0, L1, L2, L3, L4, L5, L6, L7, L8 = (np.float32(c) for c in LOGARITHM_COEFFICIENTS)


@intrinsic
def multiply_by_power(typing_context, value, rounded):
    """value * 2^n, where the low bits of the float32 `rounded` hold n: add n to the exponent bits."""

    def generate(context, builder, signature, arguments):
        integer = ir.IntType(32)
        shift = builder.shl(builder.bitcast(arguments[1], integer), ir.Constant(integer, 23))
        return builder.bitcast(builder.add(builder.bitcast(arguments[0], integer), shift), ir.FloatType())

    return types.float32(types.float32, types.float32), generate


@njit(inline="always")
def exp2(x):
    """2^x to 1e-7 relative, for a float32 x below 127; below 2^-126 the result stays at 2^-126."""
    x = max(x, LOWEST)
    rounded = x + ROUNDER
    f = x - (rounded - ROUNDER)
    fraction = C0 + f * (C1 + f * (C2 + f * (C3 + f * (C4 + f * (C5 + f * C6)))))
    return multiply_by_power(fraction, rounded)


@njit(inline="always")
def softplus(x):
    """log(1 + e^x) to 4e-6 relative, to 3e-7 where |x| < 5."""
    power = exp2(-abs(x) * np.float32(LOG2_E))
    logarithm = L0 + power * (L1 + power * (L2 + power * (L3 + power * (L4 + power * (
        L5 + power * (L6 + power * (L7 + power * L8)))))))  # fmt: skip
    return max(x, np.float32(0)) + power * logarithm


@njit(inline="always")
def silu(x):
    """x / (1 + e^-x) to 4e-6 relative, to 3e-7 where |x| < 5; below -87 the result stays near 0."""
    return x / (np.float32(1) + exp2(min(-x * np.float32(LOG2_E), HIGHEST)))


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
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


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def gated_kernel(u, parameters, projected, step_weight, step_bias, rate, skip, backward, y, first, last):
    """Fill y (B, L, D) for the sequences first..last-1: step, softplus, scan and gate in one pass.

    For inference. y may be u. `parameters` (B, L, rank + 2 N) holds what makes the step, B and
    C side by side, the second half of `projected` (B, L, 2 D) the gate; `step_weight` is (rank, D).
    """
    steps, width = u.shape[1], u.shape[2]
    states, rank = rate.shape[0], step_weight.shape[0]
    state = np.empty((states, width), np.float32)
    step = np.empty(width, np.float32)
    drive = np.empty(width, np.float32)
    output = np.empty(width, np.float32)
    for b in range(first, last):
        state[:] = np.float32(0)
        for i in range(steps):
            t = steps - 1 - i if backward else i
            step[:] = step_bias
            for r in range(rank):
                add_product(step, step_weight[r], parameters[b, t, r])
            for d in range(width):
                step[d] = softplus(step[d])
            multiply(step, u[b, t], drive)
            multiply(skip, u[b, t], output)
            weights = parameters[b, t, rank:]
            for n in range(states):
                advance(state[n], output, step, rate[n], drive, weights[n], weights[states + n])
            apply_silu(projected[b, t, width:], step)
            multiply(output, step, y[b, t])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def convolution_kernel(projected, taps, bias, backward, u, first, last):
    """Fill u (B, L, D) with the causal convolution and SiLU of the first half of `projected` (B, L, 2 D).

    For inference. `taps` is (K, D), the last one for the present step; backward in time,
    causal means that no earlier step is looked at.
    """
    steps, width = u.shape[1], u.shape[2]
    direction = -1 if backward else 1
    total = np.empty(width, np.float32)
    for b in range(first, last):
        for t in range(steps):
            total[:] = bias
            for k in range(taps.shape[0]):
                source = t - direction * (taps.shape[0] - 1 - k)
                if 0 <= source < steps:
                    add_products(total, taps[k], projected[b, source, :width])
            apply_silu(total, u[b, t])


# One small loop per function: the compiler vectorises a loop over few arrays only, as it must check
# that they do not overlap.
@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def multiply(left, right, product):
    """product = left right; arrays (D,)."""
    for d in range(product.shape[0]):
        product[d] = left[d] * right[d]


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def apply_silu(x, y):
    """y = silu(x); arrays (D,)."""
    for d in range(y.shape[0]):
        y[d] = silu(x[d])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def add_products(total, left, right):
    """total += left right, in place; arrays (D,)."""
    for d in range(total.shape[0]):
        total[d] += left[d] * right[d]


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def add_product(total, weights, factor):
    """total += weights factor, in place; arrays (D,)."""
    for d in range(total.shape[0]):
        total[d] += weights[d] * factor


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
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


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
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
