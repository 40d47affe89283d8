"""Matrix products within a kernel, for matrices that fit into the second-level cache.

Libraries reach the processor's peak with large matrices only; between them the data goes through memory. A
kernel that brings a few rows through several layers needs products that it can call itself.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from torch import Tensor
from torch.nn import functional

from espnet_plugin.semamba_pp.lanes import ARITHMETIC, LANES, Lanes

OPTIONS = {"nogil": True, "cache": True, "fastmath": ARITHMETIC, "error_model": "numpy"}
#: Rows that are multiplied together: their sums, of LANES columns, just fit into the registers.
TILE = 6


def fill_tiles(weight: Tensor, bias: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Weights (N, K) and biases (N,) as `multiply_columns` reads them; N is filled up to whole tiles."""
    missing = -len(weight) % TILE
    arrays = functional.pad(weight.detach(), (0, 0, 0, missing)), functional.pad(bias.detach(), (0, missing))
    return tuple(array.contiguous().numpy() for array in arrays)


def pack(weight: Tensor, bias: Tensor | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Weights (N, K) or (taps, N, K) and biases (N,) as `multiply` reads them; N is filled up to whole LANES.

    Without a bias it is zero.

    Returns:
        (N / LANES, taps, K, LANES) and (N,).
    """
    weight = weight.detach().reshape(-1, *weight.shape[-2:])
    bias = weight.new_zeros(weight.shape[1]) if bias is None else bias.detach()
    missing = -len(bias) % LANES
    weight = functional.pad(weight, (0, 0, 0, missing)).unflatten(1, (-1, LANES))
    packed = weight.permute(1, 0, 3, 2).contiguous()
    return packed.numpy(), functional.pad(bias, (0, missing)).contiguous().numpy()


def _product(start):
    """An intrinsic out = start + A B, where `start` is one of "sum", "row" and "column".

    A is (rows, depth), B (depth, panels LANES), out (rows, panels LANES); rows is a multiple of TILE. The sum
    runs over taps too, each of which has an A and a B of its own. All arrays are given flat, the places of
    their first values and the distances of neighbours by number. "sum" starts from what out holds, "row" and
    "column" from one value of `bias` for every row or column.
    """

    def product(typing_context, a, a_first, a_row, a_tap, b, b_first, b_row, b_panel, b_tap, bias, out,
                out_first, out_row, rows, panels, taps, depth):  # fmt: skip
        def generate(context, builder, signature, values):
            (a, a_first, a_row, a_tap, b, b_first, b_row, b_panel, b_tap, bias, out, out_first,
             out_row, rows, panels, taps, depth) = values  # fmt: skip
            arrays = [signature.args[i] for i in (0, 4, 9, 10)]
            lanes = Lanes(context, builder, arrays, (a, b, bias, out))
            A, B, BIAS, OUT = range(4)

            def number(value):
                return ir.Constant(rows.type, value)

            def place(first, *steps):
                for index, distance in steps:
                    first = builder.add(first, builder.mul(index, distance))
                return first

            sums = [cgutils.alloca_once(builder, lanes.vector) for _ in range(TILE)]
            with cgutils.for_range(builder, panels) as panel:
                column = builder.mul(panel.index, number(LANES))
                b_of_panel = place(b_first, (panel.index, b_panel))
                with cgutils.for_range_slice(builder, number(0), rows, number(TILE), inc=True) as (row, _):
                    indices = [builder.add(row, number(i)) for i in range(TILE)]
                    places = [builder.add(place(out_first, (index, out_row)), column) for index in indices]
                    for index, there, sum_ in zip(indices, places, sums):
                        if start == "sum":
                            first = lanes.load(OUT, there)
                        elif start == "column":
                            first = lanes.load(BIAS, column)
                        else:
                            first = lanes.repeat(BIAS, index)
                        builder.store(first, sum_)
                    with cgutils.for_range(builder, taps) as tap:
                        left = [place(a_first, (index, a_row), (tap.index, a_tap)) for index in indices]
                        left = [builder.gep(lanes.pointers[A], [there]) for there in left]
                        right = place(b_of_panel, (tap.index, b_tap))
                        with cgutils.for_range(builder, depth) as k:
                            of_k = lanes.load(B, place(right, (k.index, b_row)))
                            for pointer, sum_ in zip(left, sums):
                                value = lanes.fill(builder.load(builder.gep(pointer, [k.index])))
                                value = lanes.multiply(value, of_k)
                                builder.store(lanes.add(builder.load(sum_), value), sum_)
                    for there, sum_ in zip(places, sums):
                        lanes.store(builder.load(sum_), OUT, there)
            return context.get_dummy_value()

        three, four, six = ([types.intp] * n for n in (3, 4, 6))
        return types.void(a, *three, b, *four, bias, out, *six), generate

    return intrinsic(product)


_add_product, _product_with_row_bias, _product_with_column_bias = (
    _product(start) for start in ("sum", "row", "column")
)


@njit(**OPTIONS)
def add_product(a, a_first, a_row, a_tap, weight, out, out_first, out_row, rows):
    """out += A W, with packed weights (panels, taps, depth, LANES); see `multiply`."""
    panels, taps, depth, lanes = weight.shape
    tap = depth * lanes
    _add_product(a, a_first, a_row, a_tap, weight, 0, lanes, taps * tap, tap, weight, out, out_first, out_row,
                 rows, panels, taps, depth)  # fmt: skip


@njit(**OPTIONS)
def multiply(a, a_first, a_row, a_tap, weight, bias, out, out_first, out_row, rows):
    """out = A W + bias, with packed weights (panels, taps, depth, LANES) and a bias (panels LANES,).

    Row i of A are the `depth` values from a_first + i a_row on, for each tap a_tap later; of out those
    from out_first + i out_row on. All whole tiles and panels are read and written: there has to be room.
    """
    panels, taps, depth, lanes = weight.shape
    tap = depth * lanes
    _product_with_column_bias(a, a_first, a_row, a_tap, weight, 0, lanes, taps * tap, tap, bias, out,
                              out_first, out_row, rows, panels, taps, depth)  # fmt: skip


@njit(**OPTIONS)
def multiply_columns(weight, bias, x, x_first, width, out):
    """out = W X + bias, for weights (rows, depth) of whole tiles, X (depth, width), out (rows, width).

    X begins at x_first; the width is a multiple of LANES.
    """
    rows, depth = weight.shape
    _product_with_row_bias(weight, 0, depth, 0, x, x_first, width, LANES, 0, bias, out, 0, width, rows,
                           width // LANES, 1, depth)  # fmt: skip
