"""Additive noise at a wanted signal-to-noise ratio."""

import numpy as np

from espnet_plugin.simulation.active_power import active_power

LOWEST_NOISE_POWER = 1e-10


def add_noise(speech: np.ndarray, noise: np.ndarray, snr_db: float, position: float = 0.0) -> np.ndarray:
    """Add noise to speech; the SNR counts the active parts of both (see `active_power`).

    Args:
        speech: (samples,).
        noise: (any number of samples above 0,) at the same rate. A longer one is cropped, a shorter one
            repeated.
        snr_db: wanted ratio; where speech is reverberant, of the reverberant speech.
        position: where to start in the noise, from 0 to below 1: the share of the possible starting points.

    Returns:
        speech with noise (samples,), in the type of `speech`.

    Raises:
        ValueError: the noise has no samples.
    """
    if len(noise) == 0:
        raise ValueError("the noise has no samples")
    noise = fitted(noise, len(speech), position).astype(np.float64)
    speech_power = active_power(speech)
    noise_power = max(active_power(noise), LOWEST_NOISE_POWER)
    gain = np.sqrt(speech_power / noise_power) * 10 ** (-snr_db / 20)
    return (speech + gain * noise).astype(speech.dtype)


def fitted(noise: np.ndarray, samples: int, position: float) -> np.ndarray:
    """A stretch of noise of the wanted length; noise that is too short goes round in a circle.

    Args:
        noise: (1 or more,).
        samples: wanted length.
        position: see `add_noise`.
    """
    if len(noise) >= samples:
        start = int(position * (len(noise) - samples + 1))
        return noise[start : start + samples]
    start = int(position * len(noise))
    return np.resize(np.roll(noise, -start), samples)
