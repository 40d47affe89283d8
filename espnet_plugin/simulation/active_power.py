"""Level of a signal where it is not silent."""

import numpy as np

FRAME_SAMPLES = 1024
SHIFT_SAMPLES = 512
THRESHOLD = 0.01


def active_samples(wave: np.ndarray) -> np.ndarray:
    """Which samples lie in active frames: those with more than 1 % of the mean frame power.

    Frames of 1024 samples every 512, whatever the sampling rate. A frame decides on its first 512 samples,
    the last frame on everything from its start. A wave shorter than a frame is active as a whole.

    Args:
        wave: (samples,).

    Returns:
        boolean mask (samples,); nowhere true for digital silence.
    """
    if len(wave) < FRAME_SAMPLES:
        return np.full(len(wave), bool(np.any(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, FRAME_SAMPLES)[::SHIFT_SAMPLES]
    power = np.einsum("ts,ts->t", frames, frames, dtype=np.float64) / FRAME_SAMPLES
    active = power > THRESHOLD * power.mean()
    frame_of_sample = np.minimum(np.arange(len(wave)) // SHIFT_SAMPLES, len(active) - 1)
    return active[frame_of_sample]


def active_power(wave: np.ndarray) -> float:
    """Mean square over the active samples; 0 for digital silence.

    Args:
        wave: (samples,).
    """
    active = active_samples(wave)
    if not active.any():
        return 0.0
    return float(np.mean(np.square(wave[active], dtype=np.float64)))
