"""Numba kernel of the convolutions that halve or double the bins, for inference, channels innermost.

Their taps are 3x4, with a stride of two bins. Two neighbouring frames are calculated together by tiles
(`tile_transform.py`); within a frame the taps of neighbouring bins are one row of a product. The plain
versions are in `convolution.py`.
"""

import numpy as np
from numba import njit

from espnet_plugin.semamba_pp.matrix_product import OPTIONS, TILE, multiply
from espnet_plugin.semamba_pp.norm_kernels import moments
from espnet_plugin.semamba_pp.pointwise import copy_rows
from espnet_plugin.semamba_pp.tile_transform import FRAMES, combine

RESULTS, PRODUCTS = FRAMES.results_size, FRAMES.products_size
values_of_frames, results_of_frames = combine(FRAMES.values), combine(FRAMES.results)


@njit(**OPTIONS)
def resampling_kernel(x, weights, no_bias, step, y, statistics, first, last):
    """The convolution without its bias from x (T, F, C) to y (T, F', C), tiles of frames first..last-1.

    Args:
        weights: packed, (parities, values of frames, panels, 1, K, LANES). Rows of K values, `step` bins
            apart, make the results of one parity of bins; those of the second parity begin a bin later.
        no_bias: zeros.
        statistics: (T, 2, C), to be filled with the moments of each frame of y.
    """
    (frames, bins, channels), of_y = x.shape, y.shape[1]
    parities, depth = weights.shape[0], weights.shape[4]
    rows = -(-(of_y // parities) // TILE) * TILE
    of_frame = (step * (rows + 1) + 4) * channels  # with a bin of zeros in front, and room behind
    seen, values = np.zeros(PRODUCTS * of_frame, np.float32), np.zeros(PRODUCTS * of_frame, np.float32)
    of_product = parities * rows * channels
    products, result = np.empty(PRODUCTS * of_product, np.float32), np.empty(RESULTS * of_product, np.float32)
    places, product_places = np.arange(PRODUCTS) * of_frame, np.arange(PRODUCTS) * of_product
    nothing = np.zeros(bins * channels, np.float32)
    size = bins * channels
    for tile in range(first, last):
        start = tile * RESULTS
        for i in range(PRODUCTS):
            t = start + i - 1
            if 0 <= t < frames:
                copy_rows(x, t * size, 0, seen, i * of_frame + channels, 0, 1, size)
            else:
                copy_rows(nothing, 0, 0, seen, i * of_frame + channels, 0, 1, size)
        values_of_frames(seen, places, 0, values, 0, of_frame, of_frame)
        for i in range(PRODUCTS):
            for parity in range(parities):
                offset = parity * channels
                multiply(values, i * of_frame + offset, step * channels, 0, weights[parity, i], no_bias,
                         products, i * of_product + offset, parities * channels, rows)  # fmt: skip
        results_of_frames(products, product_places, 0, result, 0, of_product, of_product)
        for i in range(min(RESULTS, frames - start)):
            t = start + i
            copy_rows(result, i * of_product, 0, y, t * of_y * channels, 0, 1, of_y * channels)
            moments(result, i * of_product, of_y, statistics, t * 2 * channels, channels)
