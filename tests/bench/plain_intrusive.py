"""The formulas of SDR and MCD as they stand in the papers: oracle of the tests, partner of the bench.

The mel-cepstrum goes through the recursions of the all-pass transformation, frame by frame, as SPTK does.
They are compiled (SPTK is C), so that the bench compares methods and not languages. FastDTW is plain Python,
as the package of that name is.
"""

import math

import numpy as np
from numba import njit
from scipy import fft, linalg

PARAMETERS = {
    8000: (13, 0.31),
    16000: (23, 0.42),
    22050: (34, 0.45),
    24000: (34, 0.46),
    32000: (36, 0.50),
    44100: (39, 0.53),
    48000: (39, 0.55),
}


@njit(cache=True)
def warped_sequence(sequence, order, warping):
    """Coefficients 0 to `order` of a causal sequence after z^-1 = (w^-1 + warping) / (1 + warping w^-1)."""
    result, before = np.zeros(order + 1), np.zeros(order + 1)
    for n in range(len(sequence) - 1, -1, -1):  # Horner's rule in z^-1
        before[:] = result
        result[0] = sequence[n] + warping * before[0]
        if order:
            result[1] = (1 - warping**2) * before[0] + warping * before[1]
        for k in range(2, order + 1):
            result[k] = before[k - 1] + warping * (before[k] - result[k - 1])
    return result


@njit(cache=True)
def warped_correlation(correlation, order, warping):
    """Lags 0 to `order` of an autocorrelation on the warped axis: the transpose of the above, warped back."""
    result, before = np.zeros(order + 1), np.zeros(order + 1)
    for n in range(len(correlation) - 1, -1, -1):
        before[:] = result
        result[0] = correlation[n]
        for k in range(1, order + 1):
            result[k] = before[k - 1] + warping * (before[k] - result[k - 1])
    return result


def plain_mel_cepstrum(frame, order, warping):
    """Mel-cepstrum of one windowed frame, by Newton's method for the unbiased log spectrum."""
    size = len(frame)
    power = np.abs(np.fft.rfft(frame)) ** 2 + 1e-6
    cepstrum = np.fft.irfft(np.log(power))[: size // 2 + 1]
    cepstrum[[0, -1]] /= 2
    mel = warped_sequence(cepstrum, order, warping)
    flat = (-warping) ** np.arange(order + 1)
    last = None
    for count in range(1, 31):
        straight = warped_sequence(mel, size // 2, -warping)
        log_magnitude = np.fft.rfft(straight, size).real
        ratio = np.fft.irfft(power / np.exp(2 * log_magnitude))[: size // 2 + 1]
        correlation = warped_correlation(ratio, 2 * order, warping)
        if count >= 2 and last is not None and abs((correlation[0] - last) / correlation[0]) < 1e-3:
            break
        if count >= 2:
            last = correlation[0]
        hessian = linalg.toeplitz(correlation[: order + 1])
        hessian = hessian + linalg.hankel(correlation[: order + 1], correlation[order:])
        mel = mel + linalg.solve(hessian, correlation[: order + 1] - flat, assume_a="pos")
    return mel


def plain_mel_cepstra(wave, rate_hz):
    """(frames, order + 1)."""
    order, warping = PARAMETERS[rate_hz]
    window = np.hamming(1024) / np.linalg.norm(np.hamming(1024))
    starts = range(0, len(wave) - 1023, 256)
    frames = (wave[start : start + 1024] * window for start in starts)
    return np.stack([plain_mel_cepstrum(frame, order, warping) for frame in frames])


def plain_alignment(x, y, radius=1):
    """FastDTW with a set of cells and a dictionary of costs."""
    rows, columns = len(x), len(y)
    if min(rows, columns) < radius + 2:
        cells = [(i, j) for i in range(rows) for j in range(columns)]
    else:
        halves = [(one[0 : len(one) - 1 : 2] + one[1::2]) / 2 for one in (x, y)]
        reach = range(-radius, radius + 1)
        coarse = {(i + a, j + b) for i, j in plain_alignment(*halves, radius) for a in reach for b in reach}
        cells = sorted(
            (i, j)
            for row, column in coarse
            for i in (2 * row, 2 * row + 1)
            for j in (2 * column, 2 * column + 1)
            if 0 <= i < rows and 0 <= j < columns
        )
    costs, origins = {(-1, -1): 0.0}, {}
    for i, j in cells:
        ways = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        origin = min(ways, key=lambda cell: costs.get(cell, math.inf))  # the first one of equals
        costs[i, j] = costs.get(origin, math.inf) + math.dist(x[i], y[j])
        origins[i, j] = origin
    path = [(rows - 1, columns - 1)]
    while path[-1] != (0, 0):
        path.append(origins[path[-1]])
    return path[::-1]


def plain_mcd(reference, estimate, rate_hz):
    """MCD in dB."""
    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    estimate = estimate * (reference @ estimate) / (estimate @ estimate + 1e-8)
    clean, degraded = plain_mel_cepstra(reference, rate_hz), plain_mel_cepstra(estimate, rate_hz)
    path = plain_alignment(clean, degraded)
    distances = [math.sqrt(2 * ((clean[i] - degraded[j]) ** 2).sum()) for i, j in path]
    return 10 / math.log(10) * sum(distances) / len(distances)


def plain_sdr(reference, estimate):
    """SDR in dB, with correlations by one FFT over the whole file."""
    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    size = fft.next_fast_len(len(reference) + 512, real=True)
    spectrum = fft.rfft(reference, size)
    own = fft.irfft(np.abs(spectrum) ** 2, size)[:512]
    across = fft.irfft(spectrum.conj() * fft.rfft(estimate, size), size)[:512]
    explained = across @ linalg.solve(linalg.toeplitz(own), across, assume_a="pos") / (estimate @ estimate)
    return 10 * math.log10(explained / (1 - explained))
