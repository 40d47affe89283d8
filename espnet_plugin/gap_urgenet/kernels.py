"""Numba kernels of a grid block, for inference in float32, channels innermost.

What would go through memory many times is one pass each: a norm with what comes before and after it, the
gates and states of an LSTM, the sum of what comes back. Tiles are explained in `recurrent.py`.

Everything that is compiled stands in this one file: numba notices a change of the file of a kernel
only, not of what the kernel calls elsewhere. Shapes: B items, T frames, F bins, N sequences, C channels,
U units, H heads, E channels of a head. `flat` is a map, all its values in the order of memory; its steps and
sequences lie `to_step` and `to_item` apart.
"""

import numpy as np
from numba import njit

ARITHMETIC = {"contract", "nnan", "ninf", "nsz"}
OPTIONS = {"nogil": True, "cache": True, "fastmath": ARITHMETIC, "error_model": "numpy"}
# Only a norm may sum in any order, which is what lets it vectorise.
ANY_ORDER = OPTIONS | {"fastmath": ARITHMETIC | {"reassoc"}}

# tanh(x) = x P(x^2) / Q(x^2) on [-REACH, REACH], lower terms first, Q begins with 1: a least-squares fit
# (largest error: 6e-9, and beyond REACH 2e-7).
REACH = np.float32(8)
NUMERATOR = (
    0.9999999699829749,
    0.1343818646934592,
    0.003564150587728878,
    2.1773154801759654e-05,
    1.5061682953235415e-08,
)
DENOMINATOR = (
    0.467715072442748,
    0.02613599459783161,
    0.0003399170343324038,
    8.453610129493555e-07,
)
P0, P1, P2, P3, P4 = (np.float32(c) for c in NUMERATOR)
Q1, Q2, Q3, Q4 = (np.float32(c) for c in DENOMINATOR)
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)

#: The points of a tile are 0, 1, -1, POINT, -POINT and infinity.
POINT = np.float32(2)
SQUARE = POINT * POINT


@njit(inline="always")
def tanh(x):
    """tanh of a float32, to 4e-7."""
    x = min(max(x, -REACH), REACH)
    s = x * x
    top = P0 + s * (P1 + s * (P2 + s * (P3 + s * P4)))
    bottom = ONE + s * (Q1 + s * (Q2 + s * (Q3 + s * Q4)))
    return x * top / bottom


@njit(inline="always")
def moments(x, epsilon):
    """Mean and inverse deviation of one row (C,)."""
    total = ZERO
    for c in range(x.shape[0]):
        total += x[c]
    mean = total / np.float32(x.shape[0])
    total = ZERO
    for c in range(x.shape[0]):
        total += (x[c] - mean) * (x[c] - mean)
    return mean, ONE / np.sqrt(total / np.float32(x.shape[0]) + np.float32(epsilon))


@njit(**ANY_ORDER)
def normalise(x, gain, offset, epsilon, y):
    """Layer norm of one row; arrays (C,)."""
    mean, scale = moments(x, epsilon)
    for c in range(x.shape[0]):
        y[c] = (x[c] - mean) * scale * gain[c] + offset[c]


@njit(**OPTIONS)
def transform(d0, d1, d2, d3, d4, d5, y0, y1, y2, y3, y4, y5):
    """Six neighbours to the six points of a tile; arrays (C,)."""
    for c in range(d0.shape[0]):
        even = d4[c] - SQUARE * d2[c]
        odd = d3[c] - SQUARE * d1[c]
        y0[c] = even - d2[c] + SQUARE * d0[c]
        y1[c] = even + odd
        y2[c] = even - odd
        even = d4[c] - d2[c]
        odd = d3[c] - d1[c]
        y3[c] = even + POINT * odd
        y4[c] = even - POINT * odd
        y5[c] = d5[c] - d3[c] - SQUARE * odd


@njit(**OPTIONS)
def normalised_tile_kernel(flat, steps, to_step, to_item, start, gain, offset, epsilon, tile):
    """The tile (6, N, C) of the steps from start on of a map behind its norm.

    Past the last step are zeros.
    """
    _, items, channels = tile.shape
    d = np.zeros((6, channels), np.float32)
    for n in range(items):
        for j in range(min(6, steps - start)):
            place = n * to_item + (start + j) * to_step
            normalise(flat[place : place + channels], gain, offset, epsilon, d[j])
        transform(
            d[0], d[1], d[2], d[3], d[4], d[5],
            tile[0, n], tile[1, n], tile[2, n], tile[3, n], tile[4, n], tile[5, n],
        )  # fmt: skip


@njit(**OPTIONS)
def tile_kernel(heard, start, first, tile):
    """The tile (6, N, C) of heard (steps, any, C), from its step start and its sequence first on.

    Before the first and past the last step are zeros.
    """
    steps, channels = heard.shape[0], heard.shape[2]
    zeros = np.zeros(channels, np.float32)
    for n in range(tile.shape[1]):
        m = first + n
        d0 = heard[start, m] if 0 <= start < steps else zeros
        d1 = heard[start + 1, m] if 0 <= start + 1 < steps else zeros
        d2 = heard[start + 2, m] if 0 <= start + 2 < steps else zeros
        d3 = heard[start + 3, m] if 0 <= start + 3 < steps else zeros
        d4 = heard[start + 4, m] if 0 <= start + 4 < steps else zeros
        d5 = heard[start + 5, m] if 0 <= start + 5 < steps else zeros
        transform(
            d0, d1, d2, d3, d4, d5,
            tile[0, n], tile[1, n], tile[2, n], tile[3, n], tile[4, n], tile[5, n],
        )  # fmt: skip


@njit(**OPTIONS)
def restore(m0, m1, m2, m3, m4, m5, place, y):
    """Add the step of that place in a tile, from the six products; arrays (C,)."""
    if place == 0:
        for c in range(y.shape[0]):
            y[c] += m0[c] + (m1[c] + m2[c]) + (m3[c] + m4[c])
    elif place == 1:
        for c in range(y.shape[0]):
            y[c] += (m1[c] - m2[c]) + POINT * (m3[c] - m4[c])
    else:
        for c in range(y.shape[0]):
            y[c] += (m1[c] + m2[c]) + SQUARE * (m3[c] + m4[c]) + m5[c]


@njit(**OPTIONS)
def advance(enter, keep, candidate, show, cell, state):
    """One step of an LSTM; arrays (U,). The arguments of the sigmoids come halved."""
    for u in range(cell.shape[0]):
        entered = (HALF + HALF * tanh(enter[u])) * tanh(candidate[u])
        cell[u] = (HALF + HALF * tanh(keep[u])) * cell[u] + entered
        state[u] = (HALF + HALF * tanh(show[u])) * tanh(cell[u])


@njit(**OPTIONS)
def advance_kernel(gates, products, place, cell, states, column):
    """One step of an LSTM.

    Args: gates (N, 4 U), what the states before give and the bias, overwritten; products (6, N, 4 U) of the
    tile of inputs in which this step stands at that place; cell (N, U), overwritten; states (N, ...), of
    which the columns from that one on are written.
    """
    items, units = cell.shape
    for n in range(items):
        g = gates[n]
        restore(
            products[0, n], products[1, n], products[2, n], products[3, n], products[4, n], products[5, n],
            place, g,
        )  # fmt: skip
        advance(
            g[:units], g[units : 2 * units], g[2 * units : 3 * units], g[3 * units :],
            cell[n], states[n, column : column + units],
        )  # fmt: skip


@njit(**OPTIONS)
def add_tile_kernel(flat, steps, to_step, to_item, start, products):
    """Add the three steps of a tile's products (6, N, C) to a map from start on.

    Those past its end are left out.
    """
    _, items, channels = products.shape
    for n in range(items):
        for place in range(min(3, steps - start)):
            where = n * to_item + (start + place) * to_step
            restore(
                products[0, n], products[1, n], products[2, n], products[3, n], products[4, n],
                products[5, n], place, flat[where : where + channels],
            )  # fmt: skip


@njit(**ANY_ORDER)
def head_map_kernel(x, slopes, gain, offset, epsilon, y, first, last):
    """PReLU and norm of heads, from x (T, B, F, H, E) to y (B, H, T, F, E), for the frames first..last-1.

    Args: slopes (H,); gain and offset (H, E) of the norm over E.
    """
    _, items, bins, heads, channels = x.shape
    for t in range(first, last):
        for b in range(items):
            for f in range(bins):
                for h in range(heads):
                    z, head = x[t, b, f, h], y[b, h, t, f]
                    for e in range(channels):
                        head[e] = max(z[e], ZERO) + slopes[h] * min(z[e], ZERO)
                    mean, scale = moments(head, epsilon)
                    for e in range(channels):
                        head[e] = (head[e] - mean) * scale * gain[h, e] + offset[h, e]


@njit(**OPTIONS)
def add_projected_kernel(x, slope, gain, offset, epsilon, y, first, last):
    """Add the norm of PReLU of x, which is overwritten, to y, for the rows first..last-1 of both (R, C)."""
    normalised = np.empty(x.shape[1], np.float32)
    for row in range(first, last):
        z = x[row]
        for c in range(z.shape[0]):
            z[c] = max(z[c], ZERO) + slope * min(z[c], ZERO)
        normalise(z, gain, offset, epsilon, normalised)
        for c in range(z.shape[0]):
            y[row, c] += normalised[c]
