"""Numba kernels of what a level does within a frame, for inference in float32, channels innermost.

A frame stays in the processor's cache through all layers; the plain versions are `frequency_glp.py` and
`tfdp.py`. Maps are (T, F, C): frames, bins, channels, C a multiple of LANES.
"""

import numpy as np
from numba import njit

from espnet_plugin.semamba_pp.lanes import OPTIONS
from espnet_plugin.semamba_pp.matrix_product import TILE, multiply, multiply_columns, tiles
from espnet_plugin.semamba_pp.pointwise import add_rows, copy_rows, fan_rows, gate_rows, gelu_rows, norm_rows

ROWS = 16 * TILE  # frames and bins that go through the channel part together


@njit(**OPTIONS)
def glp_kernel(x, fan1, fan2, gate, local, merge, first, last):
    """Frequency GLP and its residual, in place of x (T, F, C), for the frames first..last-1.

    `fan1`, `fan2` and `gate` are layers by `fill_tiles`, `local` is three in one by `pack`, with three taps
    as one row of weights, `merge` is packed.
    """
    bins, channels = x.shape[1], x.shape[2]
    size, rows = bins * channels, tiles(bins)
    periodic = 2 * bins // 4 * channels
    wide, active = np.empty(fan2[0].shape[0] * channels, np.float32), np.empty(2 * size, np.float32)
    gated = np.empty(gate[0].shape[0] * channels, np.float32)
    # A row of zeros in front of the bins and one or more behind them.
    padded, following = np.zeros((2, (rows + 2) * channels), np.float32)
    both, merged = np.zeros(2 * rows * channels, np.float32), np.empty(rows * channels, np.float32)
    for t in range(first, last):
        place = t * size
        gelu_rows(x, place, 0, active, 0, 0, 1, size)
        multiply_columns(fan1, active, 0, channels, bins, wide)
        fan_rows(wide, 0, 0, active, 0, 0, 1, periodic, 2 * size - 2 * periodic)
        multiply_columns(fan2, active, 0, channels, 2 * bins, wide)
        fan_rows(wide, 0, 0, active, 0, 0, 1, periodic, 2 * size - 2 * periodic)
        multiply_columns(gate, active, 0, channels, 2 * bins, gated)
        gate_rows(gated, 0, channels, size, both, 0, 2 * channels, bins, channels)
        copy_rows(x, place, 0, padded, channels, 0, 1, size)
        padded[channels + size :] = np.float32(0)  # all, for a common factor is that of the whole
        for i in range(3):
            layer = local[0][i], local[1][i], local[2]
            multiply(padded, 0, channels, layer, following, channels, channels, rows)
            gelu_rows(following, channels, 0, following, channels, 0, 1, size)
            following[channels + size :] = np.float32(0)
            padded, following = following, padded
        copy_rows(x, place, channels, both, channels, 2 * channels, bins, channels)
        add_rows(padded, channels, channels, both, channels, 2 * channels, bins, channels)
        multiply(both, 0, 2 * channels, merge, merged, 0, channels, rows)
        add_rows(merged, 0, 0, x, place, 0, 1, size)


@njit(**OPTIONS)
def channel_kernel(x, norm_weight, norm_bias, epsilon, fan1, fan2, gate, first, last):
    """The channel part and its residual, in place of x (R, C), for the rows first..last-1; packed layers."""
    channels = x.shape[1]
    periodic, general = 2 * channels // 4, 2 * channels - 2 * (2 * channels // 4)
    columns = len(fan2[1])
    normal, active = np.zeros(ROWS * channels, np.float32), np.zeros(ROWS * 2 * channels, np.float32)
    wide, gated = np.empty(ROWS * columns, np.float32), np.empty(ROWS * 2 * channels, np.float32)
    for start in range(first, last, ROWS):
        count = min(ROWS, last - start)
        rows = tiles(count)
        place, size = start * channels, count * channels
        normal[size:] = np.float32(0)  # for common factors shall not depend on what was there before
        active[2 * size :] = np.float32(0)
        gelu_rows(x, place, 0, normal, 0, 0, 1, size)
        norm_rows(normal, 0, channels, norm_weight, norm_bias, epsilon, normal, 0, channels, count)
        multiply(normal, 0, channels, fan1, wide, 0, columns, rows)
        fan_rows(wide, 0, columns, active, 0, 2 * channels, count, periodic, general)
        multiply(active, 0, 2 * channels, fan2, wide, 0, columns, rows)
        fan_rows(wide, 0, columns, active, 0, 2 * channels, count, periodic, general)
        multiply(active, 0, 2 * channels, gate, gated, 0, 2 * channels, rows)
        gate_rows(gated, 0, 2 * channels, channels, wide, 0, channels, rows, channels)
        add_rows(wide, 0, 0, x, place, 0, 1, size)


@njit(**OPTIONS)
def fusion_kernel(fine, coarse, layer, norm_weight, norm_bias, epsilon, first, last):
    """1x1 convolution of two maps (R, C), GELU, layer norm, in place of `coarse`, rows first..last-1."""
    channels = fine.shape[1]
    both, merged = np.zeros(ROWS * 2 * channels, np.float32), np.empty(ROWS * channels, np.float32)
    for start in range(first, last, ROWS):
        count = min(ROWS, last - start)
        place = start * channels
        copy_rows(fine, place, channels, both, 0, 2 * channels, count, channels)
        copy_rows(coarse, place, channels, both, channels, 2 * channels, count, channels)
        multiply(both, 0, 2 * channels, layer, merged, 0, channels, tiles(count))
        gelu_rows(merged, 0, 0, merged, 0, 0, 1, count * channels)
        norm_rows(merged, 0, channels, norm_weight, norm_bias, epsilon, coarse, place, channels, count)
