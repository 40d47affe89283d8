"""Numba kernels of the convolutions that halve or double the bins, for inference, channels innermost.

Within a frame the taps of neighbouring bins are one row of a product. Where there are three taps in time,
four neighbouring frames are calculated together by tiles (`tile_transform.py`). The plain versions are in
`convolution.py`.
"""

import numpy as np
from numba import njit

from espnet_plugin.semamba_pp.lanes import OPTIONS
from espnet_plugin.semamba_pp.matrix_product import multiply, tiles
from espnet_plugin.semamba_pp.norm_kernels import moments
from espnet_plugin.semamba_pp.pointwise import copy_rows
from espnet_plugin.semamba_pp.tile_transform import FOUR, combine

RESULTS, PRODUCTS = FOUR.results_size, FOUR.products_size
values_of_frames, results_of_frames = combine(FOUR.values), combine(FOUR.results)


@njit(**OPTIONS)
def resampling_kernel(x, weights, no_bias, units, step, y, statistics, first, last):
    """A convolution of 3x4 taps without bias from x (T, F, C) to y (T, F', C), tiles of frames first..last-1.

    Args:
        weights, no_bias, units: packed layers, (parities, values of frames, panels, K, LANES). Rows of K
            values, `step` bins apart, make the results of one parity of bins; those of the second one begin a
            bin later.
        statistics: (T, 2, C), to be filled with the moments of each frame of y.
    """
    (frames, bins, channels), of_y = x.shape, y.shape[1]
    parities = len(weights)
    rows = tiles(of_y // parities)
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
                layer = weights[parity, i], no_bias[parity, i], units[parity, i]
                multiply(values, i * of_frame + offset, step * channels, layer, products,
                         i * of_product + offset, parities * channels, rows)  # fmt: skip
        results_of_frames(products, product_places, 0, result, 0, of_product, of_product)
        for i in range(min(RESULTS, frames - start)):
            t = start + i
            copy_rows(result, i * of_product, 0, y, t * of_y * channels, 0, 1, of_y * channels)
            moments(result, i * of_product, of_y, statistics, t * 2 * channels, channels)


@njit(**OPTIONS)
def bins_kernel(x, layer, in_front, step, y, first, last):
    """A convolution along the bins from x (T, F, C) to y (T, F', C'), for the frames first..last-1.

    Args:
        layer: packed; it makes one row of one or more bins of y of neighbouring bins of x.
        in_front: bins of zeros in front of the first.
        step: in bins of x from one row to the next.
    """
    (_, bins, channels), (_, new_bins, new_channels) = x.shape, y.shape
    size, new_size, columns = bins * channels, new_bins * new_channels, len(layer[1])
    rows = tiles(-(-new_size // columns))
    of_rows = (rows - 1) * step * channels + layer[0].shape[1]
    seen = np.zeros(max(of_rows, in_front * channels + size), np.float32)
    result = np.empty(rows * columns, np.float32)
    for t in range(first, last):
        copy_rows(x, t * size, 0, seen, in_front * channels, 0, 1, size)
        multiply(seen, 0, step * channels, layer, result, 0, columns, rows)
        copy_rows(result, 0, 0, y, t * new_size, 0, 1, new_size)
