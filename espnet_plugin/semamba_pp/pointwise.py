"""Norms, activations and sums of rows of numbers, as vector instructions within a kernel.

Rows are given by the flat arrays they lie in, the places of their first values and their distances.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from espnet_plugin.semamba_pp.coefficients import coefficients_of
from espnet_plugin.semamba_pp.lanes import OPTIONS, Lanes
from espnet_plugin.semamba_pp.precision import Full

WIDTH = 8


def write_row(context, builder, types, values, width, write, *coefficients):
    """Call write(lanes, index) for the vectors of a row, then for the values behind the last whole one.

    Args:
        context, builder, types, values: as for `Lanes`.
        width: of the row.
        write: writes the instructions.
        coefficients: as for `Lanes`.
    """
    zero = ir.Constant(width.type, 0)
    whole = builder.and_(width, ir.Constant(width.type, -WIDTH))
    for lanes, first, end in ((WIDTH, zero, whole), (1, whole, width)):
        step = ir.Constant(width.type, lanes)
        with cgutils.for_range_slice(builder, first, end, step, inc=True) as (index, _):
            write(Lanes(context, builder, types, values, lanes, *coefficients), index)


def _row_function(write):
    """An intrinsic that calls write(lanes, x, y, gap) for the places of the vectors of rows of x and y."""

    def function(typing_context, x, x_first, x_row, gap, y, y_first, y_row, rows, width, precision):
        def generate(context, builder, signature, values):
            x, x_first, x_row, gap, y, y_first, y_row, rows, width, _ = values
            types = signature.args[0], signature.args[4]
            with cgutils.for_range(builder, rows) as row:
                x_place = builder.add(x_first, builder.mul(row.index, x_row))
                y_place = builder.add(y_first, builder.mul(row.index, y_row))

                def at(lanes, index):
                    write(lanes, builder.add(x_place, index), builder.add(y_place, index), gap)

                write_row(context, builder, types, (x, y), width, at, coefficients_of(precision))
            return context.get_dummy_value()

        three = [types.intp] * 3
        return types.void(x, *three, y, *three, types.intp, precision), generate

    return intrinsic(function)


def _norm(centred):
    """An intrinsic: layer norm of rows, or without its mean and bias the root-mean-square norm."""

    def norm(typing_context, x, x_first, x_row, weight, bias, epsilon, y, y_first, y_row, rows):
        def generate(context, builder, signature, values):
            x, x_first, x_row, weight, bias, epsilon, y, y_first, y_row, rows = values
            arrays = [signature.args[i] for i in (0, 3, 4, 6)]
            lanes = Lanes(context, builder, arrays, (x, weight, bias, y), WIDTH)
            X, WEIGHT, BIAS, Y = range(4)
            width = lanes.shapes[WEIGHT][0]
            single = ir.FloatType()
            size = builder.sitofp(width, single)
            type_ = ir.FunctionType(single, [single])
            square_root = cgutils.get_or_insert_function(builder.module, type_, "llvm.sqrt.f32")
            sum_ = cgutils.alloca_once(builder, lanes.vector)

            def mean_of(term):
                builder.store(lanes.constant(0), sum_)
                with lanes.each(width) as (d, _):
                    builder.store(lanes.add(builder.load(sum_), term(d)), sum_)
                return builder.fdiv(lanes.total(builder.load(sum_)), size)

            with cgutils.for_range(builder, rows) as row:
                x_place = builder.add(x_first, builder.mul(row.index, x_row))
                y_place = builder.add(y_first, builder.mul(row.index, y_row))

                def value(d):
                    return lanes.load(X, builder.add(x_place, d))

                def distance(d):
                    return lanes.subtract(value(d), mean) if centred else value(d)

                def square(d):
                    return lanes.multiply(distance(d), distance(d))

                mean = lanes.fill(mean_of(value)) if centred else None
                deviation = builder.call(square_root, [builder.fadd(mean_of(square), epsilon)])
                scale = lanes.fill(builder.fdiv(ir.Constant(single, 1.0), deviation))
                with lanes.each(width) as (d, _):
                    result = lanes.multiply(lanes.multiply(distance(d), scale), lanes.load(WEIGHT, d))
                    if centred:
                        result = lanes.add(result, lanes.load(BIAS, d))
                    lanes.store(result, Y, builder.add(y_place, d))
            return context.get_dummy_value()

        two = [types.intp] * 2
        return types.void(x, *two, weight, bias, types.float32, y, *two, types.intp), generate

    return intrinsic(norm)


_layer_norm, _root_mean_square_norm = _norm(centred=True), _norm(centred=False)


def _gelu(lanes, x, y, gap):
    lanes.store(lanes.gelu(lanes.load(0, x)), 1, y)


def _cosine_and_sine(lanes, x, y, gap):
    cosine, sine = lanes.cosine_and_sine(lanes.load(0, x))
    lanes.store(cosine, 1, y)
    lanes.store(sine, 1, lanes.builder.add(y, gap))


def _gate(lanes, x, y, gap):
    sigmoid = lanes.sigmoid(lanes.load(0, lanes.builder.add(x, gap)))
    lanes.store(lanes.multiply(lanes.load(0, x), sigmoid), 1, y)


def _copy(lanes, x, y, gap):
    lanes.store(lanes.load(0, x), 1, y)


def _add(lanes, x, y, gap):
    lanes.add_to(1, y, lanes.load(0, x))


_gelu, _cosine_and_sine, _gate, _copy, _add = (
    _row_function(write) for write in (_gelu, _cosine_and_sine, _gate, _copy, _add)
)


@njit(**OPTIONS)
def copy_rows(x, x_first, x_row, y, y_first, y_row, rows, width):
    """y = x."""
    _copy(x, x_first, x_row, 0, y, y_first, y_row, rows, width, Full())


@njit(**OPTIONS)
def add_rows(x, x_first, x_row, y, y_first, y_row, rows, width):
    """y += x."""
    _add(x, x_first, x_row, 0, y, y_first, y_row, rows, width, Full())


@njit(**OPTIONS)
def gelu_rows(x, x_first, x_row, y, y_first, y_row, rows, width, precision):
    """y = GELU(x), where y may be x."""
    _gelu(x, x_first, x_row, 0, y, y_first, y_row, rows, width, precision)


@njit(**OPTIONS)
def norm_rows(x, x_first, x_row, weight, bias, epsilon, y, y_first, y_row, rows):
    """y = layer norm of x, where y may be x; the width is that of the weight, a multiple of WIDTH."""
    _layer_norm(x, x_first, x_row, weight, bias, np.float32(epsilon), y, y_first, y_row, rows)


@njit(**OPTIONS)
def root_mean_square_rows(x, x_first, x_row, weight, epsilon, y, y_first, y_row, rows):
    """The same for the root-mean-square norm."""
    _root_mean_square_norm(x, x_first, x_row, weight, weight, np.float32(epsilon), y, y_first, y_row, rows)


@njit(**OPTIONS)
def fan_rows(x, x_first, x_row, y, y_first, y_row, rows, periodic, general, precision):
    """Activations of a FAN layer: `periodic` angles to cosines and sines, `general` values through GELU."""
    _cosine_and_sine(x, x_first, x_row, periodic, y, y_first, y_row, rows, periodic, precision)
    _gelu(x, x_first + periodic, x_row, 0, y, y_first + 2 * periodic, y_row, rows, general, precision)


@njit(**OPTIONS)
def gate_rows(x, x_first, x_row, gap, y, y_first, y_row, rows, width, precision):
    """y = a sigmoid(b), where a are the values of x and b those `gap` behind."""
    _gate(x, x_first, x_row, gap, y, y_first, y_row, rows, width, precision)
