"""Numba kernel of a dense block's layer for inference, in float32, channels innermost.

A convolution of 3x3 taps, dilated in time, by tiles of bins and frames (`tile_transform.py`): a third of the
products, which are most of the work. The plain version is `dense.py`.

Frames that lie a dilation apart are neighbours to the convolution. They are calculated run by run, a few
tiles at once, and of their inputs each is transformed once per run.
"""

import numpy as np
from numba import njit

from espnet_plugin.semamba_pp.matrix_product import OPTIONS, TILE, multiply
from espnet_plugin.semamba_pp.norm_kernels import moments, scale_and_rectify
from espnet_plugin.semamba_pp.pointwise import copy_rows
from espnet_plugin.semamba_pp.tile_transform import BINS, FRAMES, combine

RUN = 32  # frames of a run
TOGETHER = 2  # tiles of frames that are multiplied together

BIN_RESULTS, BIN_PRODUCTS = BINS.results_size, BINS.products_size
FRAME_RESULTS, FRAME_PRODUCTS = FRAMES.results_size, FRAMES.products_size
values_of_bins, results_of_bins = combine(BINS.values), combine(BINS.results)
values_of_frames, results_of_frames = combine(FRAMES.values), combine(FRAMES.results)


@njit(**OPTIONS)
def dense_kernel(x, maps, factors, layer, weights, no_bias, dilation, runs, y, statistics, first, last):
    """The convolution of layer number `layer`, for the runs first..last-1 of `runs` per phase.

    Args:
        x: the block's input, (T, F, C).
        maps: (layers - 1, T, F, C): the results of the layers before the last one, before their norms.
        factors: (layers, 3, C): by which x and the maps become what a layer sees, see `scale_and_rectify`.
        weights: packed, (values of bins, values of frames, panels, 1, (layer + 1) C, LANES).
        no_bias: zeros.
        runs: of each of the `dilation` phases.
        y: (T, F, C), to be filled with the result, before its norm.
        statistics: (T, 2, C), to be filled with the moments of each frame of the result.
    """
    frames, bins, channels = x.shape
    depth, size = (layer + 1) * channels, bins * channels
    tiles = -(-bins // BIN_RESULTS)
    slots = FRAME_RESULTS * TOGETHER + 2
    rows = -(-TOGETHER * tiles // TILE) * TILE
    padded = np.zeros((BIN_RESULTS * tiles + 2) * channels, np.float32)
    of_position, of_slot = tiles * depth, BIN_PRODUCTS * tiles * depth
    seen = np.zeros(slots * of_slot, np.float32)  # transformed along the bins
    values = np.zeros(FRAME_PRODUCTS * rows * depth, np.float32)
    products = np.empty(FRAME_PRODUCTS * rows * channels, np.float32)
    summed = np.empty(TOGETHER * FRAME_RESULTS * BIN_PRODUCTS * tiles * channels, np.float32)
    result = np.empty(BIN_RESULTS * tiles * channels, np.float32)
    bin_places = np.arange(BIN_PRODUCTS) * channels
    product_places = np.arange(FRAME_PRODUCTS) * rows * channels
    sum_places = np.arange(BIN_PRODUCTS) * tiles * channels
    slot_places = np.empty(FRAME_PRODUCTS, np.int64)
    for run in range(first, last):
        phase = run % dilation
        length = -(-(frames - phase) // dilation)  # frames of the phase
        start, end = length * (run // dilation) // runs, length * (run // dilation + 1) // runs
        loaded = start - 1  # the next one to load
        for begin in range(start, end, FRAME_RESULTS * TOGETHER):
            while loaded <= begin + FRAME_RESULTS * TOGETHER:
                slot = (loaded + slots) % slots * of_slot
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
                        for q in range(tiles):
                            tile, place = q * BIN_RESULTS * channels, slot + q * depth + source * channels
                            values_of_bins(padded, bin_places, tile, seen, place, of_position, channels)
                loaded += 1
            for position in range(BIN_PRODUCTS):
                for pair in range(TOGETHER):
                    for i in range(FRAME_PRODUCTS):
                        slot = (begin + pair * FRAME_RESULTS + i - 1 + slots) % slots
                        slot_places[i] = slot * of_slot + position * of_position
                    place = pair * of_position
                    values_of_frames(seen, slot_places, 0, values, place, rows * depth, of_position)
                for i in range(FRAME_PRODUCTS):
                    multiply(values, i * rows * depth, depth, 0, weights[position, i], no_bias, products,
                             i * rows * channels, channels, rows)  # fmt: skip
                for pair in range(TOGETHER):
                    width = tiles * channels
                    place = (pair * FRAME_RESULTS * BIN_PRODUCTS + position) * width
                    results_of_frames(products, product_places, pair * width, summed, place,
                                      BIN_PRODUCTS * width, width)  # fmt: skip
            for i in range(min(FRAME_RESULTS * TOGETHER, end - begin)):
                place = i * BIN_PRODUCTS * tiles * channels
                for q in range(tiles):
                    here, there = place + q * channels, q * BIN_RESULTS * channels
                    results_of_bins(summed, sum_places, here, result, there, channels, channels)
                t = phase + (begin + i) * dilation
                moments(result, 0, bins, statistics, t * 2 * channels, channels)
                copy_rows(result, 0, 0, y, t * size, 0, 1, size)
