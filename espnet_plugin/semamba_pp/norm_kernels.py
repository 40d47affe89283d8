"""Numba kernels of the instance norm and the PReLU behind it for inference, in float32, channels innermost.

They are two passes over memory: one for the statistics, one for the result. The plain version is in
`convolution.py`.
"""

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from espnet_plugin.semamba_pp.lanes import OPTIONS
from espnet_plugin.semamba_pp.pointwise import write_row


@intrinsic
def scale_and_rectify(typing_context, x, first, factors, y, place, rows):
    """y = PReLU of x scale + offset, for rows of W values; factors are (3, W): scale, offset, slope."""

    def generate(context, builder, signature, values):
        x, first, factors, y, place, rows = values
        width = cgutils.create_struct_proxy(signature.args[2])(context, builder, value=factors).shape
        width = cgutils.unpack_tuple(builder, width)[1]

        def write(lanes, d):
            places = [builder.add(builder.mul(width, ir.Constant(width.type, i)), d) for i in range(3)]
            scale, offset, slope = (lanes.load(1, i) for i in places)
            with cgutils.for_range(builder, rows) as row:
                distance = builder.add(builder.mul(row.index, width), d)
                value = lanes.load(0, builder.add(first, distance))
                value = lanes.add(lanes.multiply(value, scale), offset)
                negative = lanes.multiply(slope, lanes.smaller(value, lanes.constant(0)))
                value = lanes.add(lanes.larger(value, lanes.constant(0)), negative)
                lanes.store(value, 2, builder.add(place, distance))

        arrays = [signature.args[i] for i in (0, 2, 3)]
        write_row(context, builder, arrays, (x, factors, y), width, write)
        return context.get_dummy_value()

    i = types.intp
    return types.void(x, i, factors, y, i, i), generate


@intrinsic
def moments(typing_context, x, first, rows, statistics, place, width):
    """Mean and mean squared distance from it of each column of `rows` rows of x, from `first` on.

    They go to `place` of the statistics, one row behind the other.
    """

    def generate(context, builder, signature, values):
        x, first, rows, statistics, place, width = values

        def write(lanes, d):
            total = cgutils.alloca_once(builder, lanes.vector)

            def mean_of(term):
                builder.store(lanes.constant(0), total)
                with cgutils.for_range(builder, rows) as row:
                    value = lanes.load(0, builder.add(first, builder.add(builder.mul(row.index, width), d)))
                    builder.store(lanes.add(builder.load(total), term(value)), total)
                size = lanes.fill(builder.sitofp(rows, ir.FloatType()))
                return builder.fdiv(builder.load(total), size)

            def square(value):
                distance = lanes.subtract(value, mean)
                return lanes.multiply(distance, distance)

            mean = mean_of(lambda value: value)
            there = builder.add(place, d)
            lanes.store(mean, 1, there)
            lanes.store(mean_of(square), 1, builder.add(there, width))

        write_row(context, builder, (signature.args[0], signature.args[3]), (x, statistics), width, write)
        return context.get_dummy_value()

    i = types.intp
    return types.void(x, i, i, statistics, i, i), generate


@njit(**OPTIONS)
def moments_kernel(x, statistics, first, last):
    """The moments of the frames first..last-1 of x (T, F, C), into (T, 2, C)."""
    bins, channels = x.shape[1:]
    for t in range(first, last):
        moments(x, t * bins * channels, bins, statistics, t * 2 * channels, channels)


@njit(**OPTIONS)
def scale_and_rectify_kernel(x, factors, y, first, last):
    """PReLU of x scale + offset, for the frames first..last-1 of x and y (T, F, C), which may be the same."""
    bins, channels = x.shape[1:]
    for t in range(first, last):
        place = t * bins * channels
        scale_and_rectify(x, place, factors, y, place, bins)
