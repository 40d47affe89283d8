"""Numba kernel of a FAN layer's activations for inference: cosine, sine and GELU in one pass, in float32.

Library calls and the concatenation of three parts would each go through memory again. The
polynomials are least-squares fits; the plain version is in `fan.py`.
"""

import math

import numpy as np
from numba import njit

# Reordering of sums stays forbidden: it would let the compiler simplify the rounding of angles.
ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}

# Adding 1.5 * 2^23 leaves no bits for a fraction, which rounds to an integer.
ROUNDER = np.float32(12582912.0)
TURNS = np.float32(2 / math.pi)  # quarter turns per radian
# pi / 2 in three parts, the first two short enough that their products with an integer are exact.
QUARTER1 = np.float32(1.5703125)
QUARTER2 = np.float32(4.8351287841796875e-04)
QUARTER3 = np.float32(math.pi / 2 - 1.5703125 - 4.8351287841796875e-04)

# On [-pi/4, pi/4]: sin(x) = x + x^3 (S0 + S1 x^2 + S2 x^4), cos(x) = 1 - x^2 / 2 + x^4 (K0 + K1 x^2 + K2 x^4).
S0, S1, S2 = (np.float32(c) for c in (-0.1666666450932423, 0.00833272086217578, -0.00019582242115496343))
K0, K1, K2 = (np.float32(c) for c in (0.041666664510857016, -0.0013888276542490014, 2.4542447556018135e-05))

# erf(z) / z = P(z^2) / Q(z^2) on [0, 4], lower terms first (largest error: 3e-8); Q begins with 1.
NUMERATOR = (
    1.1283791590578858,
    0.1916702468513464,
    0.05285225654731367,
    0.003803307768468383,
    0.0002828315759370723,
    2.0015095640497016e-06,
)
DENOMINATOR = (
    0.5031962293726512,
    0.11457382724356142,
    0.015045922524126395,
    0.0011663487838494099,
    3.748329464845127e-05,
)
P0, P1, P2, P3, P4, P5 = (np.float32(c) for c in NUMERATOR)
Q1, Q2, Q3, Q4, Q5 = (np.float32(c) for c in DENOMINATOR)
ONE, HALF, FOUR = np.float32(1), np.float32(0.5), np.float32(4)


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def apply_cos_and_sin(angle, cosine, sine):
    """cosine and sine of angle, to 2e-7 where |angle| < 1e3; arrays (D,)."""
    for d in range(angle.shape[0]):
        rounded = angle[d] * TURNS + ROUNDER
        quarters = rounded - ROUNDER
        x = ((angle[d] - quarters * QUARTER1) - quarters * QUARTER2) - quarters * QUARTER3
        x = min(max(x, -ONE), ONE)  # matters only where float32 cannot tell a turn any more
        square = x * x
        s = x + x * square * (S0 + square * (S1 + square * S2))
        c = ONE - square * HALF + square * square * (K0 + square * (K1 + square * K2))
        # Which quarter of the turn: n mod 4 from 0 to 3, as the low bits of an integer.
        quarter = np.int32(quarters) & np.int32(3)
        odd = (quarter & np.int32(1)) != 0
        c_turned = s if odd else c
        s_turned = c if odd else s
        cosine[d] = -c_turned if quarter == 1 or quarter == 2 else c_turned
        sine[d] = -s_turned if quarter >= 2 else s_turned


@njit(inline="always")
def gelu_of(x):
    """x (1 + erf(x / sqrt(2))) / 2, to 1e-7 |x|."""
    z = min(max(x * np.float32(math.sqrt(0.5)), -FOUR), FOUR)
    square = z * z
    top = P0 + square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))))
    bottom = ONE + square * (Q1 + square * (Q2 + square * (Q3 + square * (Q4 + square * Q5))))
    return x * (HALF + HALF * (z * top / bottom))


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def apply_gelu(x, y):
    """y = GELU of x; arrays (D,)."""
    for d in range(x.shape[0]):
        y[d] = gelu_of(x[d])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def fan_kernel(x, y, periodic_size, first, last):
    """From x (R, p + g) to y (R, 2 p + g), p = periodic_size, for the rows first..last-1."""
    p = periodic_size
    for row in range(first, last):
        apply_cos_and_sin(x[row, :p], y[row, :p], y[row, p : 2 * p])
        apply_gelu(x[row, p:], y[row, 2 * p :])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def gelu_kernel(x, y, first, last):
    """GELU of the values first..last-1 of x (R,) into y (R,), which shares no memory with x."""
    apply_gelu(x[first:last], y[first:last])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def gelu_in_place_kernel(x, first, last):
    """The same in place; with x for y, the other one would run without vector instructions."""
    part = x[first:last]  # of indices from 0 on the compiler knows that they are not negative
    for d in range(part.shape[0]):
        part[d] = gelu_of(part[d])
