"""Numba kernels of the selective scan, forward and backward, in float32.

Why they are fast: a sequence's state (N x D floats) stays in the first-level cache, time is
the outer loop, channels are the vector lanes, and exp is a polynomial rather than a library
call. What runs at every time step is written in vector instructions (class `Lanes`). The
kernels release the interpreter lock, so that threads can share a batch.

Everything that is compiled stands in this one file: numba keeps compiled code on disk and
notices a change of the file of a kernel only, not of what the kernel calls elsewhere.

Array names and shapes as in `reference.py`; `rate` is A transposed (N, D) times log2(e).
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LOG2_E = 1.4426950408889634
# "contract" and the like are not all of it: kernels also divide without Python's check for
# zeros (error_model), which would keep the loop from becoming vector instructions.
# Reordering of sums stays forbidden: it would let the compiler simplify exp2's rounding.
ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}

# 2^f on [-0.5, 0.5], lower terms first. The first is exact and the error relative to f as small as can be (3e-7): the
# error of a slow decay, f near 0, adds up over many steps. Of 2^f the largest error is 1.5e-7.
POWER = (
    1.0,
    0.6931470928734715,
    0.24022358205398125,
    0.055506655234467545,
    0.0096658781946149,
    0.0013266973448783706,
)
LOWEST = np.float32(-126.0)  # the smallest exponent of a normal float32
HIGHEST = np.float32(126.0)
# Adding 1.5 * 2^23 leaves no bits for a fraction: the sum's low bits are the rounded integer.
ROUNDER = np.float32(12582912.0)

LANES = 16  # channels per vector: two registers of AVX2, one of AVX-512

# log(1 + e) / e on [0, 1], lower terms first (largest error: 3.5e-8).
LOGARITHM = (
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


class Lanes:
    """Writes vector instructions for LANES neighbouring channels into a function that numba compiles.

    The compiler would vectorise the same loops in Python too, but it has to check in front of each
    of them that none of the arrays overlap, and it loads and stores the sums in every pass: two
    thirds of the time more.

    Args:
        context, builder: numba's, of the function.
        types, values: of the arrays, which are contiguous along their last axis.
    """

    vector = ir.VectorType(ir.FloatType(), LANES)
    integers = ir.VectorType(ir.IntType(32), LANES)
    flags = tuple(sorted(ARITHMETIC))

    def __init__(self, context, builder, types, values):
        self.builder = builder
        arrays = [cgutils.create_struct_proxy(type_)(context, builder, value=value)
                  for type_, value in zip(types, values)]  # fmt: skip
        self.pointers = [array.data for array in arrays]
        self.shapes = [cgutils.unpack_tuple(builder, array.shape) for array in arrays]

    def load(self, array, index):
        """LANES values of the array of that number."""
        value = self.builder.load(self._place(array, index))
        value.align = 4
        return value

    def store(self, value, array, index):
        self.builder.store(value, self._place(array, index)).align = 4

    def add_to(self, array, index, value):
        self.store(self.add(self.load(array, index), value), array, index)

    def _place(self, array, index):
        builder = self.builder
        return builder.bitcast(builder.gep(self.pointers[array], [index]), self.vector.as_pointer())

    def repeat(self, array, index):
        """One value in all lanes."""
        value = self.builder.load(self.builder.gep(self.pointers[array], [index]))
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(self.integers, [0] * LANES))

    def constant(self, value):
        return ir.Constant(self.vector, [float(value)] * LANES)

    def multiply(self, left, right):
        return self.builder.fmul(left, right, flags=self.flags)

    def add(self, left, right):
        return self.builder.fadd(left, right, flags=self.flags)

    def subtract(self, left, right):
        return self.builder.fsub(left, right, flags=self.flags)

    def larger(self, left, right):
        return self.builder.select(self.builder.fcmp_ordered(">", left, right, flags=self.flags), left, right)

    def polynomial(self, coefficients, x):
        """Of the coefficients, lower terms first.

        Pairs of terms are joined by powers of x, so that products do not wait for each other: latency, not
        the number of instructions, is what takes the time.
        """
        terms = [self.constant(coefficient) for coefficient in coefficients]
        while len(terms) > 1:
            pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
            terms = [self.add(self.multiply(pair[1], x), pair[0]) if pair[1:] else pair[0] for pair in pairs]
            x = self.multiply(x, x)
        return terms[0]

    def exp2(self, x):
        """2^x to 3e-7 relative, for x below 127; below 2^-126 the result stays at 2^-126."""
        builder = self.builder
        rounder = self.constant(ROUNDER)
        x = self.larger(x, self.constant(LOWEST))
        rounded = builder.fadd(x, rounder)  # without flags, which would allow to take it back
        power = self.polynomial(POWER, builder.fsub(x, builder.fsub(rounded, rounder)))
        # The low bits of `rounded` hold the integer: add it to the exponent bits.
        shift = builder.shl(builder.bitcast(rounded, self.integers), ir.Constant(self.integers, [23] * LANES))
        return builder.bitcast(builder.add(builder.bitcast(power, self.integers), shift), self.vector)

    def softplus(self, x):
        """log(1 + e^x) to 4e-6 relative, to 5e-7 where |x| < 5."""
        positive = self.larger(x, self.constant(0))
        negative_size = self.subtract(x, self.add(positive, positive))  # -|x|
        power = self.exp2(self.multiply(negative_size, self.constant(LOG2_E)))
        return self.add(positive, self.multiply(power, self.polynomial(LOGARITHM, power)))

    def silu(self, x):
        """x / (1 + e^-x) to 4e-6 relative, to 5e-7 where |x| < 5; below -87 the result stays near 0."""
        negative = self.subtract(self.constant(0), self.larger(x, self.constant(-HIGHEST / LOG2_E)))
        power = self.exp2(self.multiply(negative, self.constant(LOG2_E)))
        return self.builder.fdiv(x, self.add(power, self.constant(1)), flags=self.flags)

    def each(self, width):
        """A context whose value runs over 0, LANES, 2 LANES ... below the width."""
        zero, stride = (ir.Constant(width.type, value) for value in (0, LANES))
        return cgutils.for_range_slice(self.builder, zero, width, stride, inc=True)

    def total(self, value):
        """Sum of the lanes."""
        type_ = ir.FunctionType(ir.FloatType(), (ir.FloatType(), self.vector))
        name = f"llvm.vector.reduce.fadd.v{LANES}f32"
        sum_lanes = cgutils.get_or_insert_function(self.builder.module, type_, name)
        return self.builder.call(sum_lanes, (ir.Constant(ir.FloatType(), 0.0), value), fastmath=("reassoc",))


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


@intrinsic
def begin(typing_context, step_weight, step_bias, skip, parameters, u, step, drive, output):
    """What comes before `advance`: step = softplus(step_weight^T parameters + step_bias), drive = step u and
    output = skip u.

    step_weight is (R, W), parameters (R or more,), the others (W,); W is a multiple of LANES.
    """

    def generate(context, builder, signature, values):
        lanes = Lanes(context, builder, signature.args, values)
        step_weight, step_bias, skip, parameters, u, step, drive, output = range(8)
        rank, width = lanes.shapes[step_weight]
        total = cgutils.alloca_once(builder, lanes.vector)
        with lanes.each(width) as (d, _):
            builder.store(lanes.load(step_bias, d), total)
            with cgutils.for_range(builder, rank) as loop:
                weight = lanes.load(step_weight, builder.add(builder.mul(loop.index, width), d))
                product = lanes.multiply(weight, lanes.repeat(parameters, loop.index))
                builder.store(lanes.add(builder.load(total), product), total)
            u_d, size = lanes.load(u, d), lanes.softplus(builder.load(total))
            lanes.store(size, step, d)
            lanes.store(lanes.multiply(size, u_d), drive, d)
            lanes.store(lanes.multiply(lanes.load(skip, d), u_d), output, d)
        return context.get_dummy_value()

    arrays = step_weight, step_bias, skip, parameters, u, step, drive, output
    return types.void(*arrays), generate


@intrinsic
def gate(typing_context, output, gates, y):
    """What comes after `advance`: y = output silu(gates); arrays (W,), W a multiple of LANES."""

    def generate(context, builder, signature, values):
        lanes = Lanes(context, builder, signature.args, values)
        output, gates, y = range(3)
        with lanes.each(lanes.shapes[y][0]) as (d, _):
            lanes.store(lanes.multiply(lanes.load(output, d), lanes.silu(lanes.load(gates, d))), y, d)
        return context.get_dummy_value()

    return types.void(output, gates, y), generate


@intrinsic
def convolve_step(typing_context, taps, bias, x, first_row, row_step, first_tap, u):
    """u = silu(bias + sum over k of taps[k] x[first_row + k row_step]), from the tap first_tap on.

    taps is (K, W), bias and u (W,), the rows of x have W or more values; W is a multiple of LANES.
    """

    def generate(context, builder, signature, values):
        places = (0, 1, 2, 6)
        lanes = Lanes(context, builder, [signature.args[i] for i in places], [values[i] for i in places])
        taps, bias, x, u = range(4)
        first_row, row_step, first_tap = values[3:6]
        (length, width), (_, row_width) = lanes.shapes[taps], lanes.shapes[x]
        total = cgutils.alloca_once(builder, lanes.vector)
        with lanes.each(width) as (d, _):
            builder.store(lanes.load(bias, d), total)
            with cgutils.for_range_slice(builder, first_tap, length, ir.Constant(length.type, 1)) as (k, _):
                tap = lanes.load(taps, builder.add(builder.mul(k, width), d))
                row = builder.add(first_row, builder.mul(k, row_step))
                product = lanes.multiply(tap, lanes.load(x, builder.add(builder.mul(row, row_width), d)))
                builder.store(lanes.add(builder.load(total), product), total)
            lanes.store(lanes.silu(builder.load(total)), u, d)
        return context.get_dummy_value()

    arguments = taps, bias, x, types.intp, types.intp, types.intp, u
    return types.void(*arguments), generate


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


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def gated_kernel(u, parameters, projected, step_weight, step_bias, rate, skip, backward, y, first, last):
    """Fill y (B, L, D) for the sequences first..last-1: step, softplus, scan and gate in one pass.

    For inference. D is a multiple of LANES, y may be u. `parameters` (B, L, rank + 2 N) holds what makes the
    step, B and C side by side, the second half of `projected` (B, L, 2 D) the gate; `step_weight` is (rank, D).
    """
    steps, width = u.shape[1], u.shape[2]
    states, rank = rate.shape[0], step_weight.shape[0]
    state = np.empty(rate.shape, np.float32)
    step, drive, output = np.empty((3, width), np.float32)
    for b in range(first, last):
        state[:] = np.float32(0)
        for i in range(steps):
            t = steps - 1 - i if backward else i
            begin(step_weight, step_bias, skip, parameters[b, t], u[b, t], step, drive, output)
            weights = parameters[b, t, rank:]
            advance(state, state, output, step, rate, drive, weights, weights[states:])
            gate(output, projected[b, t, width:], y[b, t])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def convolution_kernel(projected, taps, bias, backward, u, first, last):
    """Fill u (B, L, D) with the causal convolution and SiLU of the first half of `projected` (B, L, 2 D).

    For inference. D is a multiple of LANES. `taps` is (K, D), the last one for the present step; backward in
    time, causal means that no earlier step is looked at.
    """
    steps, reach = u.shape[1], taps.shape[0] - 1
    direction = -1 if backward else 1
    for b in range(first, last):
        for i in range(steps):
            t = steps - 1 - i if backward else i
            convolve_step(taps, bias, projected[b], t - direction * reach, direction, max(reach - i, 0), u[b, t])


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
