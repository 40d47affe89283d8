"""LSD: log-spectral distance, with the formula of the challenges of 2024 and 2025."""

from __future__ import annotations

import numpy as np

from espnet_plugin.scoring.metric import Column, Item, Metric, Unscorable

WINDOW_S = 0.032
HOP_S = 0.016
FLOOR = 1e-8


def lsd(reference: np.ndarray, estimate: np.ndarray, rate_hz: int) -> float:
    """Mean over frames of the root mean square over bins of the log power ratio (natural logarithm).

    The estimate is first scaled to the reference's level by least squares, so a mere change of gain costs
    nothing. Frames of 32 ms every 16 ms, periodic Hann window, centred with zeros outside.

    Args:
        reference: shape (samples,).
        estimate: the same shape; a silent one gets a large value, as in the challenge's script.
        rate_hz: sampling rate of both.
    """
    reference = reference.astype(np.float64)
    estimate = estimate.astype(np.float64)
    estimate = estimate * (reference @ estimate) / (estimate @ estimate + FLOOR)
    window, hop = int(rate_hz * WINDOW_S), int(rate_hz * HOP_S)
    reference_power = _magnitude(reference, window, hop) ** 2
    estimate_power = (_magnitude(estimate, window, hop) + FLOOR) ** 2
    log_ratio = np.log(reference_power / estimate_power + FLOOR)
    return float(np.sqrt((log_ratio**2).mean(axis=1)).mean())


def _magnitude(wave: np.ndarray, window: int, hop: int) -> np.ndarray:
    """Magnitude spectrogram, (T, F)."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    padded = np.pad(wave, window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    return np.abs(np.fft.rfft(frames * hann, axis=1))


class Lsd(Metric):
    """Log-spectral distance at the file's own rate; lower is better."""

    columns = (Column("LSD", better="lower"),)

    def score(self, item: Item) -> tuple[float, ...]:
        if not len(item.estimate):
            raise Unscorable("the file is empty")
        return (lsd(item.reference, item.estimate, item.rate_hz),)
