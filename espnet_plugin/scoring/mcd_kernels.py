"""Numba kernels of the mel-cepstral distance, in float64.

Each frame is computed by itself in an order that does not depend on its place: equal frames get cepstra that
are equal to the last bit, so that their distance is exactly zero and ties are seen as ties.

Everything that is compiled stands in this one file: numba notices a change of the file of a kernel only.
"""

import numpy as np
from numba import njit

# Sums may be reordered, so that they become vector instructions.
OPTIONS = {
    "nogil": True,
    "cache": True,
    "fastmath": {"reassoc", "contract", "nnan", "ninf", "nsz"},
    "error_model": "numpy",
}

# When SPTK's iteration ends: at the earliest with the second step whose mean ratio differs by less than a
# thousandth from the one before, at the latest after 30.
FEWEST_STEPS = 2
MOST_STEPS = 30
TOLERANCE = 1e-3

UP, LEFT, DIAGONAL = 0, 1, 2


@njit(**OPTIONS)
def solve(matrix, vector):
    """Solve in place by the Cholesky factorisation; the inverse of its diagonal is kept instead of it.

    Args:
        matrix: (N, N), symmetric and positive definite; its lower half is read and overwritten.
        vector: (N,): right-hand side, then the solution.
    """
    size = len(vector)
    for row in range(size):
        lower = matrix[row]
        for column in range(row):
            other = matrix[column]
            total = lower[column]
            for k in range(column):
                total -= lower[k] * other[k]
            lower[column] = total * other[column]
        total = lower[row]
        for k in range(row):
            total -= lower[k] * lower[k]
        lower[row] = 1.0 / np.sqrt(total)
        total = vector[row]
        for k in range(row):
            total -= lower[k] * vector[k]
        vector[row] = total * lower[row]
    for row in range(size - 1, -1, -1):
        lower = matrix[row]
        vector[row] *= lower[row]
        for k in range(row):
            vector[k] -= lower[k] * vector[row]


@njit(**OPTIONS)
def mel_cepstra(power, truncated, cosines, correlations, flat, cepstra):
    """Newton's method from the truncated cepstrum of the log power; bases as in `mel_cepstrum.Bases`.

    Args:
        power: (frames, bins) periodograms, positive.
        truncated, cosines, correlations, flat: (M, bins), (M, bins), (2 M - 1, bins), (M,).
        cepstra: (frames, M), is filled.
    """
    frames, bins = power.shape
    size = len(flat)
    log_power, ratio = np.empty(bins), np.empty(bins)
    correlation, hessian, step = np.empty(2 * size - 1), np.empty((size, size)), np.empty(size)
    for frame in range(frames):
        given, cepstrum = power[frame], cepstra[frame]
        for f in range(bins):
            log_power[f] = np.log(given[f])
        for k in range(size):
            row = truncated[k]
            total = 0.0
            for f in range(bins):
                total += row[f] * log_power[f]
            cepstrum[k] = total

        mean_ratio = 0.0
        for count in range(1, MOST_STEPS + 1):
            log_power[:] = 0.0
            for k in range(size):
                row = cosines[k]
                factor = -2.0 * cepstrum[k]
                for f in range(bins):
                    log_power[f] += factor * row[f]
            for f in range(bins):
                ratio[f] = given[f] * np.exp(log_power[f])
            for k in range(2 * size - 1):
                row = correlations[k]
                total = 0.0
                for f in range(bins):
                    total += row[f] * ratio[f]
                correlation[k] = total
            if count >= FEWEST_STEPS:
                if abs(correlation[0] - mean_ratio) < TOLERANCE * abs(correlation[0]):
                    break
                mean_ratio = correlation[0]
            for i in range(size):
                step[i] = correlation[i] - flat[i]
                for j in range(i + 1):
                    hessian[i, j] = correlation[i - j] + correlation[i + j]
            solve(hessian, step)
            for k in range(size):
                cepstrum[k] += step[k]


@njit(**OPTIONS)
def widen(path, radius, begins, ends):
    """The cells around a path through sequences of half the length.

    Args:
        path: (steps, 2).
        radius: how far a cell may lie from the path, in steps of the halved sequences.
        begins, ends: (rows,), filled with the first column of each row and the one after the last. At the
            call all of `begins` holds the number of columns, all of `ends` 0.
    """
    rows, columns = len(begins), begins[0]
    for place in range(len(path)):
        row, column = path[place]
        begin = max(0, 2 * (column - radius))
        end = min(columns, 2 * (column + radius + 1))
        for near in range(max(0, 2 * (row - radius)), min(rows, 2 * (row + radius + 1))):
            begins[near] = min(begins[near], begin)
            ends[near] = max(ends[near], end)


@njit(**OPTIONS)
def cheapest_path(x, y, begins, ends):
    """The path from the first pair of rows to the last with the least sum of Euclidean distances.

    Of equally cheap ways the one that moves on in x alone is taken, then in y alone, then in both.

    Args:
        x, y: (rows, D), (columns, D).
        begins, ends: (rows,), the columns that row may be paired with.

    Returns:
        (steps, 2) indices into x and y.
    """
    rows = len(x)
    offsets = np.empty(rows, np.int64)  # what to add to a column to get its cell
    cells = 0
    for i in range(rows):
        offsets[i] = cells - begins[i]
        cells += ends[i] - begins[i]
    costs, moves = np.empty(cells), np.empty(cells, np.uint8)
    for i in range(rows):
        left = diagonal = np.inf
        if i == 0:
            diagonal = 0.0
        elif begins[i - 1] < begins[i] <= ends[i - 1]:
            diagonal = costs[offsets[i - 1] + begins[i] - 1]
        for j in range(begins[i], ends[i]):
            up = np.inf
            if i > 0 and begins[i - 1] <= j < ends[i - 1]:
                up = costs[offsets[i - 1] + j]
            least, move = up, UP
            if left < least:
                least, move = left, LEFT
            if diagonal < least:
                least, move = diagonal, DIAGONAL
            total = 0.0
            for k in range(x.shape[1]):
                total += (x[i, k] - y[j, k]) ** 2
            left = least + np.sqrt(total)
            diagonal = up
            costs[offsets[i] + j] = left
            moves[offsets[i] + j] = move

    path = np.empty((rows + len(y), 2), np.int64)
    i, j, begin = rows - 1, len(y) - 1, len(path) - 1
    path[begin] = i, j
    while i > 0 or j > 0:
        move = moves[offsets[i] + j]
        i -= move != LEFT
        j -= move != UP
        begin -= 1
        path[begin] = i, j
    return path[begin:]
