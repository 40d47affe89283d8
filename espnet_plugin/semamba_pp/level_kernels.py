"""Numba kernels of what a level does within a frame, for inference in float32, channels innermost.

A frame stays in the processor's cache through all layers; the plain versions are `frequency_glp.py` and
`tfdp.py`. Maps are (T, F, C): frames, bins, channels, C a multiple of LANES.
"""

import numpy as np
from numba import njit

from espnet_plugin.semamba_pp.lanes import OPTIONS
from espnet_plugin.semamba_pp.matrix_product import TILE, multiply, multiply_columns, tiles
from espnet_plugin.semamba_pp.pointwise import add_rows, copy_rows, fan_rows, gate_rows, gelu_rows, norm_rows
from espnet_plugin.semamba_pp.tile_transform import FOUR, combine

ROWS = 16 * TILE  # frames and bins that go through the channel part together
FRAMES = 3  # that go through the frequency part together: enough to fill whole tiles of rows

RESULTS, PRODUCTS = FOUR.results_size, FOUR.products_size
values_of, results_of = combine(FOUR.values), combine(FOUR.results)


@njit(**OPTIONS)
def convolve_bins(x, bins, channels, frames, layers, layer, y):
    """A convolution of three taps along the bins, for frames of x and y, by tiles (`tile_transform.py`).

    Both are flat; a frame is a bin of zeros, `bins`, and zeros up to one bin behind whole tiles. In y what is
    behind the bins is not zero afterwards.

    Args:
        layers: packed, (layers, values, panels, C, LANES), of which the one of number `layer` is meant.
    """
    count = -(-bins // RESULTS)  # of tiles of a frame
    of_frame, used = (count * RESULTS + 2) * channels, frames * count * channels
    rows = tiles(frames * count)
    size = rows * channels
    values, products = np.empty(PRODUCTS * size, np.float32), np.empty(PRODUCTS * size, np.float32)
    places, product_places = np.arange(PRODUCTS) * channels, np.arange(PRODUCTS) * size
    for tile in range(frames * count):
        place = tile // count * of_frame + tile % count * RESULTS * channels
        values_of(x, places, place, values, tile * channels, size, channels)
    for i in range(PRODUCTS):
        values[i * size + used : (i + 1) * size] = np.float32(0)
        of_value = layers[0][layer, i], layers[1][layer, i], layers[2][layer, i]
        multiply(values, i * size, channels, of_value, products, i * size, channels, rows)
    for tile in range(frames * count):
        place = tile // count * of_frame + (tile % count * RESULTS + 1) * channels
        results_of(products, product_places, tile * channels, y, place, channels, channels)


@njit(**OPTIONS)
def glp_kernel(x, fan1, fan2, gate, local, merge, precision, first, last):
    """Frequency GLP and its residual, in place of x (T, F, C), for the frames first..last-1.

    `fan1`, `fan2` and `gate` are layers by `fill_tiles`, `local` are those of `convolve_bins`, `merge` is
    packed.
    """
    bins, channels = x.shape[1], x.shape[2]
    size, of_frame = bins * channels, (-(-bins // RESULTS) * RESULTS + 2) * channels
    periodic = 2 * bins // 4 * channels
    wide, active = np.empty(fan2[0].shape[0] * channels, np.float32), np.empty(2 * size, np.float32)
    gated = np.empty(gate[0].shape[0] * channels, np.float32)
    padded, following = np.zeros((2, FRAMES * of_frame), np.float32)
    most = tiles(FRAMES * bins)
    both, merged = np.zeros(2 * most * channels, np.float32), np.empty(most * channels, np.float32)
    for start in range(first, last, FRAMES):
        frames = min(FRAMES, last - start)
        both[2 * frames * size :] = np.float32(0)  # for a common factor is that of the whole
        for t in range(frames):
            place, row = (start + t) * size, t * bins * 2 * channels
            gelu_rows(x, place, 0, active, 0, 0, 1, size, precision)
            multiply_columns(fan1, active, 0, channels, bins, wide)
            fan_rows(wide, 0, 0, active, 0, 0, 1, periodic, 2 * size - 2 * periodic, precision)
            multiply_columns(fan2, active, 0, channels, 2 * bins, wide)
            fan_rows(wide, 0, 0, active, 0, 0, 1, periodic, 2 * size - 2 * periodic, precision)
            multiply_columns(gate, active, 0, channels, 2 * bins, gated)
            gate_rows(gated, 0, channels, size, both, row, 2 * channels, bins, channels, precision)
        copy_rows(x, start * size, size, padded, channels, of_frame, frames, size)
        for layer in range(3):
            for t in range(frames):
                padded[t * of_frame + channels + size : (t + 1) * of_frame] = np.float32(0)
            convolve_bins(padded, bins, channels, frames, local, layer, following)
            gelu_rows(following, channels, of_frame, following, channels, of_frame, frames, size, precision)
            padded, following = following, padded
        for t in range(frames):
            place, row, inside = (start + t) * size, t * bins * 2 * channels, t * of_frame + channels
            copy_rows(x, place, channels, both, row + channels, 2 * channels, bins, channels)
            add_rows(padded, inside, channels, both, row + channels, 2 * channels, bins, channels)
        multiply(both, 0, 2 * channels, merge, merged, 0, channels, tiles(frames * bins))
        add_rows(merged, 0, 0, x, start * size, 0, 1, frames * size)


@njit(**OPTIONS)
def channel_kernel(x, norm_weight, norm_bias, epsilon, fan1, fan2, gate, precision, first, last):
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
        gelu_rows(x, place, 0, normal, 0, 0, 1, size, precision)
        norm_rows(normal, 0, channels, norm_weight, norm_bias, epsilon, normal, 0, channels, count)
        multiply(normal, 0, channels, fan1, wide, 0, columns, rows)
        fan_rows(wide, 0, columns, active, 0, 2 * channels, count, periodic, general, precision)
        multiply(active, 0, 2 * channels, fan2, wide, 0, columns, rows)
        fan_rows(wide, 0, columns, active, 0, 2 * channels, count, periodic, general, precision)
        multiply(active, 0, 2 * channels, gate, gated, 0, 2 * channels, rows)
        gate_rows(gated, 0, 2 * channels, channels, wide, 0, channels, rows, channels, precision)
        add_rows(wide, 0, 0, x, place, 0, 1, size)


@njit(**OPTIONS)
def fusion_kernel(fine, coarse, layer, norm_weight, norm_bias, epsilon, precision, first, last):
    """1x1 convolution of two maps (R, C), GELU, layer norm, in place of `coarse`, rows first..last-1."""
    channels = fine.shape[1]
    both, merged = np.zeros(ROWS * 2 * channels, np.float32), np.empty(ROWS * channels, np.float32)
    for start in range(first, last, ROWS):
        count = min(ROWS, last - start)
        place = start * channels
        copy_rows(fine, place, channels, both, 0, 2 * channels, count, channels)
        copy_rows(coarse, place, channels, both, channels, 2 * channels, count, channels)
        multiply(both, 0, 2 * channels, layer, merged, 0, channels, tiles(count))
        gelu_rows(merged, 0, 0, merged, 0, 0, 1, count * channels, precision)
        norm_rows(merged, 0, channels, norm_weight, norm_bias, epsilon, coarse, place, channels, count)
