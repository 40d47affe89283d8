"""Numba kernels of the norms for inference, in float32, channels innermost.

Instance norm and PReLU of a convolution unit are two passes over memory here: one for the statistics, one in
place. The root-mean-square norm of a Mamba layer is one pass. The plain versions are in `convolution.py` and
`time_mamba.py`.
"""

import numpy as np
from numba import njit

# The order of a block's sums is fixed, so that results do not depend on the number of threads.
ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}
ROWS_PER_BLOCK = 256  # short sums lose little in float32


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def moments_kernel(x, shift, sums, first, last):
    """Sums of x - shift and of its square over each block of rows, for the blocks first..last-1.

    x is (R, C), sums (blocks, 2, C); a shift (C,) near the mean keeps the difference of
    squares accurate.
    """
    for block in range(first, last):
        sums[block] = np.float32(0)
        for row in range(block * ROWS_PER_BLOCK, min((block + 1) * ROWS_PER_BLOCK, x.shape[0])):
            add_moments(x[row], shift, sums[block, 0], sums[block, 1])


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def add_moments(x, shift, total, squares):
    """Add one row to the sums; arrays (C,)."""
    for c in range(x.shape[0]):
        difference = x[c] - shift[c]
        total[c] += difference
        squares[c] += difference * difference


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def scale_and_rectify_kernel(x, scale, offset, slope, first, last):
    """PReLU of x scale + offset, in place, for the rows first..last-1 of x (R, C)."""
    for row in range(first, last):
        scale_and_rectify(x[row], scale, offset, slope)


@njit(nogil=True, cache=True, fastmath=ARITHMETIC)
def scale_and_rectify(x, scale, offset, slope):
    """The same for one row; arrays (C,)."""
    for c in range(x.shape[0]):
        value = x[c] * scale[c] + offset[c]
        x[c] = max(value, np.float32(0)) + slope[c] * min(value, np.float32(0))


@njit(nogil=True, cache=True, fastmath=ARITHMETIC, error_model="numpy")
def rms_norm_kernel(x, weight, epsilon, y, first, last):
    """y = x weight / sqrt(mean(x^2) + epsilon) for the rows first..last-1 of x and y (R, C)."""
    for row in range(first, last):
        scale = np.float32(1) / np.sqrt(mean_square(x[row]) + np.float32(epsilon))
        for c in range(x.shape[1]):
            y[row, c] = x[row, c] * scale * weight[c]


@njit(nogil=True, cache=True, fastmath=ARITHMETIC | {"reassoc"}, error_model="numpy")
def mean_square(x):
    """Of one row (C,); summing in any order is what lets it vectorise."""
    total = np.float32(0)
    for c in range(x.shape[0]):
        total += x[c] * x[c]
    return total / np.float32(x.shape[0])
