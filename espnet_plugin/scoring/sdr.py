"""SDR: signal-to-distortion ratio of BSS Eval v3 (Vincent et al. 2006) for one source."""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable

FILTER_TAPS = 512
LIMIT_DB = 50.0


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
    from scipy import fft, linalg

    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    reference, estimate = reference / np.linalg.norm(reference), estimate / np.linalg.norm(estimate)
    size = fft.next_fast_len(len(reference) + FILTER_TAPS, real=True)
    reference_spectrum = fft.rfft(reference, size)
    estimate_spectrum = fft.rfft(estimate, size)
    autocorrelation = fft.irfft(np.abs(reference_spectrum) ** 2, size)[:FILTER_TAPS]
    crosscorrelation = fft.irfft(reference_spectrum.conj() * estimate_spectrum, size)[:FILTER_TAPS]
    try:
        taps = linalg.solve_toeplitz(autocorrelation, crosscorrelation)
    except linalg.LinAlgError:  # a periodic reference: several filters explain it equally well
        taps = linalg.lstsq(linalg.toeplitz(autocorrelation), crosscorrelation)[0]
    explained = np.clip(crosscorrelation @ taps, 0.0, 1.0)  # of an estimate with energy 1
    with np.errstate(divide="ignore"):
        ratio_db = 10 * np.log10(explained) - 10 * np.log10(1 - explained)
    return float(np.clip(ratio_db, -LIMIT_DB, LIMIT_DB))


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
