"""Which stretch of a noise goes with which speech, and how loud it is there."""

import numpy as np

from espnet_plugin.simulation.active_power import active_power
from espnet_plugin.simulation.noise import LOWEST_NOISE_POWER


def draw_start(noise_samples: int, samples: int, random: np.random.Generator) -> int:
    """Where in a noise the stretch of the wanted length starts.

    Args:
        noise_samples: length of the noise, 1 or more.
        samples: wanted length.
        random: gives one number, unless the lengths are equal.

    Returns:
        first sample of the stretch; below 0 where the noise is shorter, and stands that much later.
    """
    if noise_samples > samples:
        return int(random.integers(0, noise_samples - samples))
    if noise_samples < samples:
        return -int(random.integers(0, samples - noise_samples))
    return 0


def stretch(noise: np.ndarray, start: int, samples: int) -> np.ndarray:
    """A stretch of a noise, that is repeated on both sides where it is too short.

    Repeated as by NumPy's `pad` before version 1.25, which the official simulation uses: what is there so far
    is put around itself, and its last copies are cut, until the length is reached.

    Args:
        noise: (1 or more,).
        start: from `draw_start`.
        samples: wanted length.
    """
    if len(noise) >= samples:
        return noise[start : start + samples]
    before, after = -start, samples + start - len(noise)
    while before or after:
        left, right = min(before, len(noise)), min(after, len(noise))
        noise = np.concatenate([noise[len(noise) - left :], noise, noise[:right]])
        before, after = before - left, after - right
    return noise


def scaled(noise: np.ndarray, speech: np.ndarray, snr_db: float) -> np.ndarray:
    """Noise at the level that gives the wanted ratio; only active samples count (see `active_power`).

    Args:
        noise, speech: (samples,).
        snr_db: of the speech against the result.
    """
    noise_power = max(active_power(noise), LOWEST_NOISE_POWER)
    return 10 ** (-snr_db / 20) * np.sqrt(active_power(speech) / noise_power) * noise
