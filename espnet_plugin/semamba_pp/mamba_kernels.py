"""Numba kernels of one direction of Mamba for inference, in float32.

A few steps of a few sequences go through all layers while they are in the processor's cache; the plain
version is in `time_mamba.py`. D are the inner channels, N the states, K the taps of the convolution.
"""

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from espnet_plugin.semamba_pp.coefficients import coefficients_of
from espnet_plugin.semamba_pp.lanes import OPTIONS, Lanes
from espnet_plugin.semamba_pp.matrix_product import TILE, add_product, multiply
from espnet_plugin.semamba_pp.pointwise import WIDTH, copy_rows, norm_rows, root_mean_square_rows

#: Steps and sequences that are calculated together.
STEPS, SEQUENCES = 3 * TILE, 6


@intrinsic
def convolve_step(typing_context, taps, bias, x, first, u, place, precision):
    """u = silu(bias + sum over k of taps[k] x[k]) for rows x[k] of W values, the first one at `first`.

    taps is (K, W), bias (W,); the result goes to `place` of u.
    """

    def generate(context, builder, signature, values):
        taps, bias, x, first, u, place, _ = values
        arrays = [signature.args[i] for i in (0, 1, 2, 4)]
        lanes = Lanes(context, builder, arrays, (taps, bias, x, u), WIDTH, coefficients_of(precision))
        TAPS, BIAS, X, U = range(4)
        length, width = lanes.shapes[TAPS]
        total = cgutils.alloca_once(builder, lanes.vector)
        with lanes.each(width) as (d, _):
            builder.store(lanes.load(BIAS, d), total)
            with cgutils.for_range(builder, length) as k:
                there = builder.add(builder.mul(k.index, width), d)
                product = lanes.multiply(lanes.load(TAPS, there), lanes.load(X, builder.add(first, there)))
                builder.store(lanes.add(builder.load(total), product), total)
            lanes.store(lanes.silu(builder.load(total)), U, builder.add(place, d))
        return context.get_dummy_value()

    return types.void(taps, bias, x, types.intp, u, types.intp, precision), generate


@intrinsic
def begin(typing_context, step_weight, step_bias, skip, parameters, first, u, place, step, drive, there,
          precision):  # fmt: skip
    """What comes before the scan: step = softplus(step_weight^T parameters + step_bias), drive = step u and
    u = skip u.

    step_weight is (R, W), step_bias and skip (W,), parameters are those from `first` on; u is the row at
    `place`, step and drive are those at `there`.
    """

    def generate(context, builder, signature, values):
        step_weight, step_bias, skip, parameters, first, u, place, step, drive, there, _ = values
        arrays = [signature.args[i] for i in (0, 1, 2, 3, 5, 7, 8)]
        values = step_weight, step_bias, skip, parameters, u, step, drive
        lanes = Lanes(context, builder, arrays, values, WIDTH, coefficients_of(precision))
        WEIGHT, BIAS, SKIP, PARAMETERS, U, STEP, DRIVE = range(7)
        rank, width = lanes.shapes[WEIGHT]
        total = cgutils.alloca_once(builder, lanes.vector)
        with lanes.each(width) as (d, _):
            builder.store(lanes.load(BIAS, d), total)
            with cgutils.for_range(builder, rank) as r:
                weight = lanes.load(WEIGHT, builder.add(builder.mul(r.index, width), d))
                product = lanes.multiply(weight, lanes.repeat(PARAMETERS, builder.add(first, r.index)))
                builder.store(lanes.add(builder.load(total), product), total)
            of_u, of_step = builder.add(place, d), builder.add(there, d)
            u_d, size = lanes.load(U, of_u), lanes.softplus(builder.load(total))
            lanes.store(size, STEP, of_step)
            lanes.store(lanes.multiply(size, u_d), DRIVE, of_step)
            lanes.store(lanes.multiply(lanes.load(SKIP, d), u_d), U, of_u)
        return context.get_dummy_value()

    i = types.intp
    arguments = step_weight, step_bias, skip, parameters, i, u, i, step, drive, i, precision
    return types.void(*arguments), generate


@intrinsic
def gate(typing_context, u, place, gates, gate_place, width, precision):
    """u = u silu(gates)."""

    def generate(context, builder, signature, values):
        u, place, gates, gate_place, width, _ = values
        arrays = signature.args[0], signature.args[2]
        lanes = Lanes(context, builder, arrays, (u, gates), WIDTH, coefficients_of(precision))
        with lanes.each(width) as (d, _):
            there = builder.add(place, d)
            silu = lanes.silu(lanes.load(1, builder.add(gate_place, d)))
            lanes.store(lanes.multiply(lanes.load(0, there), silu), 0, there)
        return context.get_dummy_value()

    return types.void(u, types.intp, gates, types.intp, types.intp, precision), generate


@intrinsic
def advance_steps(typing_context, step, drive, parameters, of_B, row, rate, state, of_state, output, first,
                  count, precision):  # fmt: skip
    """Some time steps of all states: state = exp2(step rate) state + drive B; output += C state.

    rate is (N, W), and so is the state, from `of_state` on. Of step, drive and output, rows of W values,
    `count` are used, of the output from `first` on. B and C lie one behind the other from `of_B` on; `row` is
    the distance to the next step's.
    """

    def generate(context, builder, signature, values):
        step, drive, parameters, of_B, row, rate, state, of_state, output, first, count, _ = values
        arrays = [signature.args[i] for i in (0, 1, 2, 5, 6, 8)]
        values = step, drive, parameters, rate, state, output
        lanes = Lanes(context, builder, arrays, values, coefficients=coefficients_of(precision))
        STEP, DRIVE, PARAMETERS, RATE, STATE, OUTPUT = range(6)
        states, width = lanes.shapes[RATE]
        held = cgutils.alloca_once(builder, lanes.vector)  # one state of LANES channels, over all steps
        with lanes.each(width) as (d, _), cgutils.for_range(builder, states) as n:
            place = builder.add(builder.mul(n.index, width), d)
            rate_d = lanes.load(RATE, place)
            kept = builder.add(of_state, place)
            builder.store(lanes.load(STATE, kept), held)
            with cgutils.for_range(builder, count) as t:
                there = builder.add(builder.mul(t.index, width), d)
                step_d, drive_d = lanes.load(STEP, there), lanes.load(DRIVE, there)
                B = builder.add(builder.add(of_B, builder.mul(t.index, row)), n.index)
                decay = lanes.exp2(lanes.multiply(step_d, rate_d))
                # The next step waits for the sum alone, if it takes in the product with the state.
                driven = lanes.multiply(drive_d, lanes.repeat(PARAMETERS, B), by_itself=True)
                following = lanes.add(lanes.multiply(decay, builder.load(held)), driven)
                builder.store(following, held)
                weighted = lanes.multiply(following, lanes.repeat(PARAMETERS, builder.add(B, states)))
                lanes.add_to(OUTPUT, builder.add(first, there), weighted)
            lanes.store(builder.load(held), STATE, kept)
        return context.get_dummy_value()

    i = types.intp
    return types.void(step, drive, parameters, i, i, rate, state, i, output, i, i, precision), generate


@njit(**OPTIONS)
def direction_kernel(x, to_step, to_sequence, steps, backward, norm_weight, epsilon, residual, inner,
                     gating, taps, tap_bias, parameters_of_input, step_weight, step_bias,
                     rate, skip, output, adding, level_weight, level_bias, level_epsilon, y,
                     precision, first, last):  # fmt: skip
    """One direction of a bidirectional Mamba layer, for the sequences first..last-1.

    Of the two directions, the first sets y = residual of x + its own output, the second adds its own and
    brings the sum through a layer norm if `level_weight` is not empty. x and y are flat. `residual`, `inner`,
    `gating`, `parameters_of_input` and `output` are packed layers.
    """
    channels, (reach, inner_channels), states = len(norm_weight), taps.shape, rate.shape[0]
    rank = step_weight.shape[0]
    columns, row = len(residual[1]), len(parameters_of_input[1])
    history = (reach - 1) * inner_channels
    of_sequence = history + STEPS * inner_channels
    rows = SEQUENCES * STEPS
    before, after = np.zeros(rows * channels, np.float32), np.zeros(rows * columns, np.float32)
    normal, parameters = np.empty(rows * channels, np.float32), np.empty(rows * row, np.float32)
    convolved = np.empty(SEQUENCES * of_sequence, np.float32)
    gates, u = np.empty(rows * inner_channels, np.float32), np.empty(rows * inner_channels, np.float32)
    step, drive = np.empty(STEPS * inner_channels, np.float32), np.empty(STEPS * inner_channels, np.float32)
    state = np.empty(SEQUENCES * states * inner_channels, np.float32)
    for group in range(first, last, SEQUENCES):
        number = min(SEQUENCES, last - group)
        together = number * STEPS
        state[:] = np.float32(0)
        convolved[:] = np.float32(0)
        for start in range(0, steps, STEPS):
            count = min(STEPS, steps - start)
            for i in range(count):
                place = (steps - 1 - start - i if backward else start + i) * to_step + group * to_sequence
                copy_rows(x, place, to_sequence, before, i * channels, STEPS * channels, number, channels)
                if adding:
                    copy_rows(y, place, to_sequence, after, i * columns, STEPS * columns, number, channels)
            root_mean_square_rows(before, 0, channels, norm_weight, epsilon, normal, 0, channels, together)
            multiply(normal, 0, channels, gating, gates, 0, inner_channels, together)
            for s in range(number):
                base, here = s * of_sequence, s * STEPS * inner_channels
                multiply(normal, s * STEPS * channels, channels, inner, convolved, base + history,
                         inner_channels, STEPS)  # fmt: skip
                for i in range(count):
                    offset = i * inner_channels
                    convolve_step(taps, tap_bias, convolved, base + offset, u, here + offset, precision)
                copy_rows(convolved, base + count * inner_channels, inner_channels, convolved, base,
                          inner_channels, reach - 1, inner_channels)  # fmt: skip
            multiply(u, 0, inner_channels, parameters_of_input, parameters, 0, row, together)
            for s in range(number):
                here, of_step = s * STEPS * inner_channels, s * STEPS * row
                of_state = s * states * inner_channels
                for i in range(count):
                    offset = i * inner_channels
                    begin(step_weight, step_bias, skip, parameters, of_step + i * row, u, here + offset, step,
                          drive, offset, precision)  # fmt: skip
                advance_steps(step, drive, parameters, of_step + rank, row, rate, state, of_state, u, here,
                              count, precision)  # fmt: skip
                for i in range(count):
                    offset = here + i * inner_channels
                    gate(u, offset, gates, offset, inner_channels, precision)
            if not adding:
                multiply(before, 0, channels, residual, after, 0, columns, together)
            add_product(u, 0, inner_channels, output, after, 0, columns, together)
            if len(level_weight) > 0:
                norm_rows(after, 0, columns, level_weight, level_bias, level_epsilon, after, 0, columns,
                          together)  # fmt: skip
            for i in range(count):
                place = (steps - 1 - start - i if backward else start + i) * to_step + group * to_sequence
                copy_rows(after, i * columns, STEPS * columns, y, place, to_sequence, number, channels)
