"""2 to the power x for the CPU kernels, in a form that the compiler can vectorise."""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

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
# Adding 1.5 * 2^23 leaves no bits for a fraction: the sum's low bits are the rounded integer.
ROUNDER = np.float32(12582912.0)


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
