"""SDR: signal-to-distortion ratio of BSS Eval v3 (Vincent et al. 2006) for one source."""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable

FILTER_TAPS = 512
LIMIT_DB = 50.0
BLOCK = 4096  # FFT; many short ones stay in the processor's cache, one over the whole file does not


def sdr_db(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Energy of the estimate that a 512-tap filter of the reference explains, against the rest.

    In float64 by the normal equations; equal to fast_bss_eval's torch path in float64 (its NumPy path does
    not run with NumPy 2, and torch costs seconds per process).

    Args:
        reference: shape (samples,), not all zero.
        estimate: the same shape, not all zero.

    Returns:
        the ratio in dB within +-50 dB, as in the challenge's script.
    """
    from scipy import linalg

    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    reference, estimate = reference / np.linalg.norm(reference), estimate / np.linalg.norm(estimate)
    autocorrelation, crosscorrelation = _correlations(reference, estimate)
    try:
        taps = linalg.solve_toeplitz(autocorrelation, crosscorrelation)
    except linalg.LinAlgError:  # a periodic reference: several filters explain it equally well
        taps = linalg.lstsq(linalg.toeplitz(autocorrelation), crosscorrelation)[0]
    explained = np.clip(crosscorrelation @ taps, 0.0, 1.0)  # of an estimate with energy 1
    with np.errstate(divide="ignore"):
        ratio_db = 10 * np.log10(explained) - 10 * np.log10(1 - explained)
    return float(np.clip(ratio_db, -LIMIT_DB, LIMIT_DB))


def _correlations(reference: np.ndarray, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of reference[n] reference[n + lag] and reference[n] estimate[n + lag], lags below FILTER_TAPS."""
    from scipy import fft

    hop = BLOCK - FILTER_TAPS + 1
    blocks = -(-len(reference) // hop)

    def spectra(wave):  # of blocks that overlap by the largest lag
        padded = np.pad(wave, (0, blocks * hop + FILTER_TAPS - 1 - len(wave)))
        return fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, BLOCK)[::hop], axis=1)

    apart = np.pad(reference, (0, blocks * hop - len(reference))).reshape(blocks, hop)
    first = fft.rfft(apart, BLOCK, axis=1).conj()
    products = ((first * spectra(wave)).sum(axis=0) for wave in (reference, estimate))
    return tuple(fft.irfft(product, BLOCK)[:FILTER_TAPS] for product in products)


class Sdr(Metric):
    """SDR in dB at the file's own rate."""

    columns = (Column("SDR", unit="dB"),)
    packages = {"scipy": "scipy"}

    def score(self, item: Item) -> tuple[float, ...]:
        if not item.reference.any():
            raise Unscorable("the reference is silent")
        if not item.estimate.any():
            return (-LIMIT_DB,)  # nothing of the reference is in it; so does the challenge's script
        return (sdr_db(item.reference, item.estimate),)
