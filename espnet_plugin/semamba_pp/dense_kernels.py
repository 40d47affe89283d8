"""Numba kernel of a dense block's layer for inference, in float32, channels innermost.

A convolution of 3x3 taps, dilated in time, by tiles of bins and frames (`tile_transform.py`): a quarter of
the products, which are most of the work. The plain version is `dense.py`.

Frames that lie a dilation apart are neighbours to the convolution. They are calculated run by run, and of
their inputs each is transformed along the bins once per run.
"""

import numpy as np
from numba import njit

from espnet_plugin.semamba_pp.lanes import OPTIONS
from espnet_plugin.semamba_pp.matrix_product import multiply, tiles
from espnet_plugin.semamba_pp.norm_kernels import moments, scale_and_rectify
from espnet_plugin.semamba_pp.pointwise import copy_rows
from espnet_plugin.semamba_pp.tile_transform import FOUR, combine

RUN = 64  # frames of a run

RESULTS, PRODUCTS = FOUR.results_size, FOUR.products_size
values_of, results_of = combine(FOUR.values), combine(FOUR.results)


@njit(**OPTIONS)
def dense_kernel(x, maps, factors, layer, weights, no_bias, units, dilation, runs, y, statistics, first,
                 last):  # fmt: skip
    """The convolution of layer number `layer`, for the runs first..last-1 of `runs` per phase.

    Args:
        x: the block's input, (T, F, C).
        maps: (layers - 1, T, F, C): the results of the layers before the last one, before their norms.
        factors: (layers, 3, C): by which x and the maps become what a layer sees, see `scale_and_rectify`.
        weights, no_bias, units: packed layers, (values of bins, values of frames, panels, (layer + 1) C,
            LANES).
        runs: of each of the `dilation` phases.
        y: (T, F, C), to be filled with the result, before its norm.
        statistics: (T, 2, C), to be filled with the moments of each frame of the result.
    """
    frames, bins, channels = x.shape
    depth, size = (layer + 1) * channels, bins * channels
    count = -(-bins // RESULTS)  # of tiles along the bins
    rows = tiles(count)
    padded = np.zeros((RESULTS * count + 2) * channels, np.float32)
    of_position, of_slot, width = count * depth, PRODUCTS * count * depth, count * channels
    seen = np.zeros(PRODUCTS * of_slot, np.float32)  # transformed along the bins
    values = np.zeros(PRODUCTS * rows * depth, np.float32)
    products = np.empty(PRODUCTS * rows * channels, np.float32)
    summed = np.empty(RESULTS * PRODUCTS * width, np.float32)
    result = np.empty(RESULTS * width, np.float32)
    bin_places, sum_places = np.arange(PRODUCTS) * channels, np.arange(PRODUCTS) * width
    product_places, slot_places = np.arange(PRODUCTS) * rows * channels, np.empty(PRODUCTS, np.int64)
    for run in range(first, last):
        phase = run % dilation
        length = -(-(frames - phase) // dilation)  # frames of the phase
        start, end = length * (run // dilation) // runs, length * (run // dilation + 1) // runs
        loaded = start - 1  # the next one to load
        for begin in range(start, end, RESULTS):
            while loaded <= begin + RESULTS:
                slot = (loaded + PRODUCTS) % PRODUCTS * of_slot
                if loaded < 0 or loaded >= length:
                    seen[slot : slot + of_slot] = np.float32(0)
                else:
                    for source in range(layer + 1):
                        place = (phase + loaded * dilation) * size
                        if source == 0:
                            scale_and_rectify(x, place, factors[0], padded, channels, bins)
                        else:
                            place += (source - 1) * frames * size
                            scale_and_rectify(maps, place, factors[source], padded, channels, bins)
                        for q in range(count):
                            tile, place = q * RESULTS * channels, slot + q * depth + source * channels
                            values_of(padded, bin_places, tile, seen, place, of_position, channels)
                loaded += 1
            for position in range(PRODUCTS):
                for i in range(PRODUCTS):
                    slot_places[i] = (begin + i - 1 + PRODUCTS) % PRODUCTS * of_slot + position * of_position
                values_of(seen, slot_places, 0, values, 0, rows * depth, of_position)
                for i in range(PRODUCTS):
                    of_values = weights[position, i], no_bias[position, i], units[position, i]
                    multiply(values, i * rows * depth, depth, of_values, products, i * rows * channels,
                             channels, rows)  # fmt: skip
                results_of(products, product_places, 0, summed, position * width, PRODUCTS * width, width)
            for i in range(min(RESULTS, end - begin)):
                for q in range(count):
                    here, there = i * PRODUCTS * width + q * channels, q * RESULTS * channels
                    results_of(summed, sum_places, here, result, there, channels, channels)
                t = phase + (begin + i) * dilation
                moments(result, 0, bins, statistics, t * 2 * channels, channels)
                copy_rows(result, 0, 0, y, t * size, 0, 1, size)
