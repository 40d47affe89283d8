"""Convolutions of three taps by tiles, after Toom, Cook and Winograd.

n results of three taps take n + 2 products instead of 3 n: neighbours are combined to n + 2 values, each of
which is multiplied once, and the products are combined to the results. Values, products and results are what
polynomials take on at as many points, of which the last one is infinity.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from espnet_plugin.semamba_pp.lanes import Lanes

TAPS = 3


class TileTransform:
    """The three linear maps of a tile.

    Args:
        points: n + 1 numbers, for n results.

    Attributes:
        results_size, products_size: n and n + 2.
        values: (n + 2, n + 2), from the neighbours to the values to multiply.
        weights: (n + 2, 3), from the taps to the factors.
        results: (n, n + 2), from the products to the results.
    """

    def __init__(self, *points: float):
        size = len(points) + 1
        self.results_size, self.products_size = size - 2, size
        exact = np.array(points, dtype=np.float64)
        distances = np.array([np.prod([p - q for q in exact if q != p]) for p in exact])
        infinity = np.eye(size)[-1:]
        powers = exact[:, None] ** np.arange(size)
        self.weights = np.concatenate((powers[:, :TAPS] / distances[:, None], infinity[:, -TAPS:]))
        self.results = np.concatenate((powers[:, :-2], infinity[:, 2:])).T
        # Each value is a polynomial's coefficients: the one that is 0 at all other points.
        rows = [np.poly(np.delete(exact, i))[::-1] for i in range(len(exact))]
        self.values = np.stack([np.append(row, 0) for row in rows] + [np.poly(exact)[::-1]])

    def weights_of(self, taps: np.ndarray) -> np.ndarray:
        """The factors (n + 2, ...) for taps (3, ...), in float64."""
        # Fast where the taps lie apart, and without the threads of a product of matrices.
        return np.einsum("pt,t...->p...", self.weights, np.ascontiguousarray(taps, np.float64))


def combine(matrix: np.ndarray):
    """An intrinsic that writes a transform's linear combinations of rows.

    The terms are `count` values each, from `first` + places[i] of x on; the combinations go to y_first +
    i y_step of y.
    """

    def combination(typing_context, x, places, first, y, y_first, y_step, count):
        def generate(context, builder, signature, values):
            x, places, first, y, y_first, y_step, count = values
            arrays = signature.args[0], signature.args[3]
            lanes = Lanes(context, builder, arrays, (x, y), 8)
            distances = cgutils.create_struct_proxy(signature.args[1])(context, builder, value=places).data
            rows, columns = ([ir.Constant(count.type, i) for i in range(size)] for size in matrix.shape)
            terms = [builder.add(first, builder.load(builder.gep(distances, [i]))) for i in columns]
            targets = [builder.add(y_first, builder.mul(i, y_step)) for i in rows]
            with lanes.each(count) as (d, _):
                loaded = [lanes.load(0, builder.add(term, d)) for term in terms]
                for row, target in zip(matrix, targets):
                    total = None
                    for factor, value in zip(row, loaded):
                        if factor == 0:
                            continue
                        if total is None:
                            total = value if factor == 1 else lanes.multiply(lanes.constant(factor), value)
                        elif abs(factor) == 1:
                            total = (lanes.add if factor > 0 else lanes.subtract)(total, value)
                        else:
                            total = lanes.add(total, lanes.multiply(lanes.constant(factor), value))
                    lanes.store(total, 1, builder.add(target, d))
            return context.get_dummy_value()

        i = types.intp
        return types.void(x, places, i, y, i, i, i), generate

    return intrinsic(combination)


#: For four neighbours: larger tiles would save more products but lose accuracy.
FOUR = TileTransform(0, 1, -1, 0.5, -2)
