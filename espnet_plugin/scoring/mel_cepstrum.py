"""Mel-cepstra by unbiased estimation of the log spectrum (Tokuda et al. 1994), equal to SPTK's mcep."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

WINDOW = 1024
HOP = 256
FLOOR = 1e-6  # is added to the periodogram
BLOCK = 1024  # frames that are in memory at a time

#: rate_hz -> (highest order, all-pass constant), as in the challenge's script.
PARAMETERS = {
    8000: (13, 0.31),
    16000: (23, 0.42),
    22050: (34, 0.45),
    24000: (34, 0.46),
    32000: (36, 0.50),
    44100: (39, 0.53),
    48000: (39, 0.55),
}


@dataclass(frozen=True)
class Bases:
    """What the iteration multiplies with; one row per coefficient or lag, one column per bin of the FFT.

    Attributes:
        truncated: log power -> its cepstrum on the warped frequency axis, cut off after the highest order.
        cosines: cepstrum -> log magnitude (transposed): cosines of the warped frequency.
        correlations: power -> its autocorrelation on the warped axis, up to twice the order.
        flat: that of a constant power of 1, up to the order.
    """

    truncated: np.ndarray
    cosines: np.ndarray
    correlations: np.ndarray
    flat: np.ndarray


@functools.lru_cache
def bases(order: int, warping: float) -> Bases:
    """The bases for frames of `WINDOW` samples.

    Args:
        order: highest order; there are `order + 1` coefficients, c0 included.
        warping: constant of the first-order all-pass that warps the frequency axis.
    """
    bins = np.arange(WINDOW // 2 + 1)
    frequency = 2 * np.pi * bins / WINDOW
    warped = frequency + 2 * np.arctan2(warping * np.sin(frequency), 1 - warping * np.cos(frequency))
    cosines = np.cos(np.outer(np.arange(2 * order + 1), warped))
    weights = np.where(bins % (WINDOW // 2) == 0, 1.0, 2.0) / WINDOW  # each bin but the outer ones is two

    # Fourier series of each cosine of the plain frequency on the warped axis; there the fastest ones reach to
    # higher orders, hence four times as many points.
    points = 2 * np.pi * np.arange(4 * WINDOW) / (4 * WINDOW)
    plain = points - 2 * np.arctan2(warping * np.sin(points), 1 + warping * np.cos(points))
    series = np.fft.rfft(np.cos(np.outer(bins, plain)), axis=1).real[:, : order + 1] / len(points)
    series[:, 1:] *= 2
    cepstrum_of = np.cos(np.outer(bins, frequency)) * weights
    cepstrum_of[[0, -1]] /= 2  # of log power, c0 is that of two log magnitudes
    return Bases(
        truncated=np.ascontiguousarray(series.T @ cepstrum_of),
        cosines=np.ascontiguousarray(cosines[: order + 1]),
        correlations=cosines * weights,
        flat=(-warping) ** np.arange(order + 1),
    )


def mel_cepstra(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    """Mel-cepstra of the whole frames of a wave.

    Args:
        wave: shape (samples,), at least `WINDOW` long.
        rate_hz: one of `PARAMETERS`.

    Returns:
        (frames, order + 1), float64, c0 first.
    """
    from espnet_plugin.scoring.mcd_kernels import mel_cepstra as fill

    order, warping = PARAMETERS[rate_hz]
    basis = bases(order, warping)
    window = np.hamming(WINDOW)
    window /= np.sqrt(window @ window)
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), WINDOW)[::HOP]
    cepstra = np.empty((len(frames), order + 1))
    for begin in range(0, len(frames), BLOCK):
        part = slice(begin, begin + BLOCK)
        power = np.abs(np.fft.rfft(frames[part] * window, axis=1)) ** 2 + FLOOR
        fill(power, basis.truncated, basis.cosines, basis.correlations, basis.flat, cepstra[part])
    return cepstra
