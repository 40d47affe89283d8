"""Matrix products within a kernel, for matrices that fit into the second-level cache.

Libraries reach the processor's peak with large matrices only; between them the data goes through memory. A
kernel that brings a few rows through several layers needs products that it can call itself.

A layer is its weights, its biases and a number. Weights in float32 are multiplied as they are. Otherwise
they are pairs of integers of 16 bits, each pair in one of 32, the number says what their unit is worth, and
what they are multiplied with is rounded to such pairs first: AVX2 multiplies twice as many of them at once.
Several layers of one size may lie in the same arrays, each with a number of its own.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from torch import Tensor

from espnet_plugin.semamba_pp.lanes import LANES, OPTIONS, Lanes
from espnet_plugin.semamba_pp.precision import Full, Short
from espnet_plugin.semamba_pp.short_numbers import (
    largest_short,
    multiplies_pairs,
    shorten_columns,
    shorten_rows,
)

#: Rows that are multiplied together: their sums, of LANES columns, just fit into the registers.
TILE = 6

Layer = tuple[np.ndarray, np.ndarray, float | np.ndarray]


def fill_tiles(weight: Tensor, bias: Tensor, precision: Full | Short = Full()) -> Layer:
    """Weights (N, K) and biases (N,) as `multiply_columns` reads them; N is filled up to whole tiles."""
    weights, units = _as_pairs(_filled(_array(weight), 0, TILE), 0, precision)
    return np.ascontiguousarray(weights), _filled(_array(bias), 0, TILE), units.item()


def pack(
    weight: Tensor | np.ndarray, bias: Tensor | np.ndarray | None = None, precision: Full | Short = Full()
) -> Layer:
    """Weights (..., N, K) and biases (..., N) as `multiply` reads them; N is filled up to whole LANES.

    Without a bias it is zero.

    Returns:
        (..., N / LANES, K, LANES), or with half of K where two are one pair; (..., N); the units (...), or if
        there is one only, as a number.
    """
    weights = _filled(_array(weight), -2, LANES)
    several, size = weights.shape[:-2], weights.shape[-2]
    weights, units = _as_pairs(weights, len(several), precision)
    panels = weights.reshape(*several, size // LANES, LANES, weights.shape[-1]).swapaxes(-2, -1)
    biases = np.zeros((*several, size), np.float32) if bias is None else _filled(_array(bias), -1, LANES)
    return np.ascontiguousarray(panels), np.ascontiguousarray(biases), units if several else units.item()


def _array(x: Tensor | np.ndarray) -> np.ndarray:
    """In NumPy, where a small operation takes a fraction of torch's time."""
    return np.asarray(x if isinstance(x, np.ndarray) else x.detach(), np.float32)


def _filled(x: np.ndarray, axis: int, multiple: int) -> np.ndarray:
    """With zeros behind along an axis, up to a whole multiple."""
    missing = -x.shape[axis] % multiple
    if missing == 0:
        return x
    widths = [(0, 0)] * x.ndim
    widths[axis] = 0, missing
    return np.pad(x, widths)


def _as_pairs(weights: np.ndarray, axes: int, precision: Full | Short) -> tuple[np.ndarray, np.ndarray]:
    """Several layers' weights, or pairs of neighbours along the last axis; and what their units are worth.

    Args:
        axes: so many of the first ones number the layers.
    """
    if isinstance(precision, Full) or not multiplies_pairs():
        return weights, np.ones(weights.shape[:axes])
    peaks = np.abs(weights).max(tuple(range(axes, weights.ndim)), keepdims=True)
    units = np.maximum(peaks / largest_short(weights.shape[-1]), np.float32(1e-30))
    # Two integers of 16 bits behind each other are one of 32 bits: AVX2 is at hand, so the lower one is first.
    pairs = np.rint(_filled(weights, -1, 2) / units).astype(np.int16).view(np.int32)
    return pairs, units.reshape(weights.shape[:axes]).astype(np.float64)


def _product(start):
    """An intrinsic out = start + factor A B, where `start` is one of "sum", "row" and "column".

    A is (rows, depth), B (depth, panels LANES), out (rows, panels LANES); rows is a multiple of TILE. All
    arrays are given flat, the places of their first values and the distances of neighbours by number. "sum"
    starts from what out holds, "row" and "column" from one value of `bias` for every row or column. If A and
    B are pairs of integers, the depth is their number.
    """

    def product(typing_context, a, a_first, a_row, b, b_first, b_row, b_panel, factor, bias, out, out_first,
                out_row, rows, panels, depth):  # fmt: skip
        short = isinstance(b, types.Array) and b.dtype == types.int32

        def generate(context, builder, signature, values):
            (a, a_first, a_row, b, b_first, b_row, b_panel, factor, bias, out, out_first, out_row, rows,
             panels, depth) = values  # fmt: skip
            arrays = [signature.args[i] for i in (0, 3, 8, 9)]
            lanes = Lanes(context, builder, arrays, (a, b, bias, out), LANES // 2 if short else LANES)
            A, B, BIAS, OUT = range(4)
            parts = range(0, LANES, lanes.lanes)  # of the columns of a panel
            tile = range(TILE // 2 if short else TILE)  # integers need registers for products too

            def number(value):
                return ir.Constant(rows.type, value)

            def place(first, *steps):
                for index, distance in steps:
                    first = builder.add(first, builder.mul(index, distance))
                return first

            type_ = lanes.integers if short else lanes.vector
            sums = [[cgutils.alloca_once(builder, type_) for _ in parts] for _ in tile]
            factors = lanes.fill(factor)
            with cgutils.for_range(builder, panels) as panel:
                column = builder.mul(panel.index, number(LANES))
                right = place(b_first, (panel.index, b_panel))
                step = number(len(tile))
                with cgutils.for_range_slice(builder, number(0), rows, step, inc=True) as (row, _):
                    indices = [builder.add(row, number(i)) for i in tile]
                    for sum_ in sum(sums, []):
                        builder.store(ir.Constant(type_, None), sum_)
                    left = [place(a_first, (index, a_row)) for index in indices]
                    left = [builder.gep(lanes.pointers[A], [first]) for first in left]
                    with cgutils.for_range(builder, depth) as k:
                        there = place(right, (k.index, b_row))
                        of_k = [lanes.load(B, builder.add(there, number(part))) for part in parts]
                        for pointer, of_row in zip(left, sums):
                            value = lanes.fill(builder.load(builder.gep(pointer, [k.index])))
                            for weight, sum_ in zip(of_k, of_row):
                                total = builder.load(sum_)
                                if short:
                                    total = lanes.add_pair_products(total, value, weight)
                                else:
                                    total = lanes.add(total, lanes.multiply(value, weight))
                                builder.store(total, sum_)
                    for index, of_row in zip(indices, sums):
                        for part, sum_ in zip(parts, of_row):
                            of_part = builder.add(column, number(part))
                            there = builder.add(place(out_first, (index, out_row)), of_part)
                            total = builder.load(sum_)
                            if short:
                                total = lanes.multiply(builder.sitofp(total, lanes.vector), factors)
                            if start == "sum":
                                first = lanes.load(OUT, there)
                            elif start == "column":
                                first = lanes.load(BIAS, of_part)
                            else:
                                first = lanes.repeat(BIAS, index)
                            lanes.store(lanes.add(first, total), OUT, there)
            return context.get_dummy_value()

        two, three = [types.intp] * 2, [types.intp] * 3
        return types.void(a, *two, b, *three, types.float32, bias, out, *two, *three), generate

    return intrinsic(product)


_add_product, _product_with_row_bias, _product_with_column_bias = (
    _product(start) for start in ("sum", "row", "column")
)


def _rows(a, a_first, a_row, rows, weight, unit):
    """What weights are multiplied with: an array, its first place, distance of rows, factor of the result."""


@overload(_rows, jit_options=OPTIONS)
def _rows_of_type(a, a_first, a_row, rows, weight, unit):
    if weight.dtype == types.float32:
        return lambda a, a_first, a_row, rows, weight, unit: (a, a_first, a_row, np.float32(1))

    def shorten(a, a_first, a_row, rows, weight, unit):
        depth = 2 * weight.shape[1]
        pairs = np.empty(((rows - 1) * a_row + depth) // 2, np.int32)
        factor = shorten_rows(a, a_first, pairs, largest_short(depth))
        return pairs, 0, a_row // 2, np.float32(factor * unit)

    return shorten


def _columns(x, x_first, width, depth, weight, unit):
    """The same for the columns that weights are multiplied with."""


@overload(_columns, jit_options=OPTIONS)
def _columns_of_type(x, x_first, width, depth, weight, unit):
    if weight.dtype == types.float32:
        return lambda x, x_first, width, depth, weight, unit: (x, x_first, np.float32(1))

    def shorten(x, x_first, width, depth, weight, unit):
        pairs = np.empty(weight.shape[1] * width, np.int32)
        factor = shorten_columns(x, x_first, width, depth, pairs, largest_short(depth))
        return pairs, 0, np.float32(factor * unit)

    return shorten


@njit(**OPTIONS)
def tiles(rows):
    """The smallest multiple of TILE from a number of rows on."""
    return -(-rows // TILE) * TILE


@njit(**OPTIONS)
def add_product(a, a_first, a_row, layer, out, out_first, out_row, rows):
    """out += A W; see `multiply`."""
    weight, bias, unit = layer
    panels, depth, lanes = weight.shape
    left, first, row, factor = _rows(a, a_first, a_row, rows, weight, unit)
    _add_product(left, first, row, weight, 0, lanes, depth * lanes, factor, bias, out, out_first, out_row,
                 rows, panels, depth)  # fmt: skip


@njit(**OPTIONS)
def multiply(a, a_first, a_row, layer, out, out_first, out_row, rows):
    """out = A W + bias, with packed weights (panels, depth, LANES) and a bias (panels LANES,).

    Row i of A are as many values from a_first + i a_row on; of out those from out_first + i out_row on. All
    whole tiles and panels are read and written: there has to be room.
    """
    weight, bias, unit = layer
    panels, depth, lanes = weight.shape
    left, first, row, factor = _rows(a, a_first, a_row, rows, weight, unit)
    _product_with_column_bias(left, first, row, weight, 0, lanes, depth * lanes, factor, bias, out, out_first,
                              out_row, rows, panels, depth)  # fmt: skip


@njit(**OPTIONS)
def multiply_columns(layer, x, x_first, width, depth, out):
    """out = W X + bias, for weights (rows, depth) of whole tiles, X (depth, width), out (rows, width).

    X begins at x_first; the width is a multiple of LANES.
    """
    weight, bias, unit = layer
    right, first, factor = _columns(x, x_first, width, depth, weight, unit)
    rows, products = weight.shape
    _product_with_row_bias(weight, 0, products, right, first, width, LANES, factor, bias, out, 0, width, rows,
                           width // LANES, products)  # fmt: skip
