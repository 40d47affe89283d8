"""Numbers as integers of 16 bits with a common factor, in pairs, for kernels."""

import functools
import math

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from espnet_plugin.semamba_pp.lanes import OPTIONS, Lanes
from espnet_plugin.semamba_pp.pointwise import WIDTH


@functools.cache
def multiplies_pairs() -> bool:
    """Whether the processor that kernels are compiled for has the instruction for it."""
    return config.CPU_NAME is None and bool(get_host_cpu_features().get("avx2"))


@njit(**OPTIONS)
def largest_short(depth):
    """The largest size of integers of which `depth` products add up to no more than 31 bits."""
    return min(math.floor(math.sqrt((2.0**31 - 1) / depth)), 32767)


@intrinsic
def _peak(typing_context, x, first, count):
    """The largest size of the values of x from `first` on; their number is a multiple of WIDTH."""

    def generate(context, builder, signature, values):
        x, first, count = values
        lanes = Lanes(context, builder, signature.args[:1], (x,), WIDTH)
        type_ = ir.FunctionType(lanes.vector, (lanes.vector,))
        size = cgutils.get_or_insert_function(builder.module, type_, f"llvm.fabs.v{WIDTH}f32")
        held = cgutils.alloca_once(builder, lanes.vector)
        builder.store(lanes.constant(0), held)
        with lanes.each(count) as (i, _):
            value = builder.call(size, (lanes.load(0, builder.add(first, i)),))
            builder.store(lanes.larger(value, builder.load(held)), held)
        return lanes.largest(builder.load(held))

    return types.float32(x, types.intp, types.intp), generate


@intrinsic
def _round_rows(typing_context, x, first, factor, pairs):
    """Neighbouring values of x from `first` on, times the factor, to all pairs."""

    def generate(context, builder, signature, values):
        x, first, factor, pairs = values
        lanes = Lanes(context, builder, (signature.args[0], signature.args[3]), (x, pairs), WIDTH)
        factors, short = lanes.fill(factor), ir.VectorType(ir.IntType(16), WIDTH)
        count = builder.mul(lanes.shapes[1][0], ir.Constant(first.type, 2))
        target = builder.bitcast(lanes.pointers[1], ir.IntType(16).as_pointer())
        with lanes.each(count) as (i, _):
            value = lanes.rounded(lanes.load(0, builder.add(first, i)), factors)
            there = builder.bitcast(builder.gep(target, [i]), short.as_pointer())
            builder.store(builder.trunc(value, short), there).align = 2
        return context.get_dummy_value()

    return types.void(x, types.intp, types.float32, pairs), generate


@intrinsic
def _round_columns(typing_context, x, low, high, factor, pairs, place, width):
    """The values of x from `low` and from `high` on, times the factor, to `width` pairs from `place` on."""

    def generate(context, builder, signature, values):
        x, low, high, factor, pairs, place, width = values
        lanes = Lanes(context, builder, (signature.args[0], signature.args[4]), (x, pairs), WIDTH)
        factors = lanes.fill(factor)
        with lanes.each(width) as (i, _):
            both = [lanes.rounded(lanes.load(0, builder.add(first, i)), factors) for first in (low, high)]
            lanes.store(lanes.pairs_of_neighbours(*both), 1, builder.add(place, i))
        return context.get_dummy_value()

    i = types.intp
    return types.void(x, i, i, types.float32, pairs, i, i), generate


@njit(**OPTIONS)
def shorten_rows(x, first, pairs, limit):
    """Round the values of x from `first` on to pairs of neighbours, up to a limit.

    Returns:
        What their unit is worth.
    """
    unit = max(_peak(x, first, 2 * len(pairs)) / np.float32(limit), np.float32(1e-30))
    _round_rows(x, first, np.float32(1) / unit, pairs)
    return unit


@njit(**OPTIONS)
def shorten_columns(x, first, width, depth, pairs, limit):
    """The same for pairs of one row of X (depth, width) and the next; an odd last row is paired with itself.

    Its partner has a weight of zero.
    """
    unit = max(_peak(x, first, depth * width) / np.float32(limit), np.float32(1e-30))
    for k in range(0, depth, 2):
        low = first + k * width
        high = first + min(k + 1, depth - 1) * width
        _round_columns(x, low, high, np.float32(1) / unit, pairs, k // 2 * width, width)
    return unit
