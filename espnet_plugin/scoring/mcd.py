"""MCD: mel-cepstral distance, with the formula of the challenges of 2024 and 2025."""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.mel_cepstrum import PARAMETERS, WINDOW, mel_cepstra
from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable
from espnet_plugin.scoring.time_warping import align

FLOOR = 1e-8


def mcd_db(reference: np.ndarray, estimate: np.ndarray, rate_hz: int) -> float:
    """Mean distance of the mel-cepstra, c0 included, along the path that aligns them in time.

    The estimate is first scaled to the reference's level by least squares, as for the LSD.

    Args:
        reference: shape (samples,), at least `WINDOW` long.
        estimate: the same shape; a silent one gets a large value.
        rate_hz: sampling rate of both, one of `PARAMETERS`.
    """
    reference, estimate = reference.astype(np.float64), estimate.astype(np.float64)
    estimate = estimate * (reference @ estimate) / (estimate @ estimate + FLOOR)
    clean, degraded = mel_cepstra(reference, rate_hz), mel_cepstra(estimate, rate_hz)
    path = align(clean, degraded)
    squares = ((clean[path[:, 0]] - degraded[path[:, 1]]) ** 2).sum(axis=1)
    return float(10 / np.log(10) * np.sqrt(2 * squares).mean())


class Mcd(Metric):
    """Mel-cepstral distance in dB at the file's own rate; lower is better."""

    columns = (Column("MCD", better="lower", unit="dB"),)
    packages = {"numba": "numba"}

    def score(self, item: Item) -> tuple[float, ...]:
        if item.rate_hz not in PARAMETERS:
            rates = ", ".join(map(str, PARAMETERS))
            raise Unscorable(f"MCD is defined for {rates} Hz, not for {item.rate_hz} Hz")
        if len(item.estimate) < WINDOW:
            raise Unscorable(f"MCD needs at least {WINDOW} samples")
        if not item.reference.any():
            raise Unscorable("the reference is silent")
        return (mcd_db(item.reference, item.estimate, item.rate_hz),)
