"""Level of a signal where it is not silent."""

import numpy as np

FRAME_SAMPLES = 1024
SHIFT_SAMPLES = 512
THRESHOLD = 0.01


def active_samples(wave: np.ndarray) -> np.ndarray:
    """Which samples lie in active frames: those with more than 1 % of the mean frame power.

    Frames of 1024 samples every 512, whatever the sampling rate; zeros fill up the last one. A frame decides
    on its first 512 samples, the last frame on all of its own. A wave shorter than a frame is active as a
    whole.

    Args:
        wave: (samples,).

    Returns:
        boolean mask (samples,); nowhere true for digital silence.
    """
    if len(wave) < FRAME_SAMPLES:
        return np.full(len(wave), bool(np.any(wave)))
    active, _, samples = _frames(wave)
    return np.repeat(active, samples)


def active_power(wave: np.ndarray) -> float:
    """Mean square over the active samples; 0 for digital silence.

    Args:
        wave: (samples,).
    """
    if len(wave) < FRAME_SAMPLES:
        return float(np.mean(np.square(wave, dtype=np.float64))) if len(wave) else 0.0
    active, energy, samples = _frames(wave)
    if not active.any():
        return 0.0
    return float(energy[active].sum() / samples[active].sum())


def _frames(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frames of a wave of at least one frame.

    Frames overlap by half, so energies are summed over halves, once each.

    Returns:
        per frame: whether it is active, and the energy and number of the samples that it decides on.
    """
    halves = -(-len(wave) // SHIFT_SAMPLES)
    padded = np.zeros((halves, SHIFT_SAMPLES))
    padded.reshape(-1)[: len(wave)] = wave
    half_energy = np.einsum("hs,hs->h", padded, padded)
    power = (half_energy[:-1] + half_energy[1:]) / FRAME_SAMPLES
    active = power > THRESHOLD * power.mean()
    energy, samples = half_energy[:-1].copy(), np.full(halves - 1, SHIFT_SAMPLES)
    energy[-1] += half_energy[-1]
    samples[-1] = len(wave) - (halves - 2) * SHIFT_SAMPLES
    return active, energy, samples
