"""From dry speech to the degraded mixture, in memory: for rendered sets and for mixing during training."""

from collections.abc import Sequence

import numpy as np

from espnet_plugin.simulation.augmentation import Augmentation
from espnet_plugin.simulation.noise import add_noise
from espnet_plugin.simulation.reverberation import reverberate

HIGHEST_PEAK = 0.9


def degrade(
    speech: np.ndarray,
    rate_hz: int,
    response: np.ndarray | None = None,
    noise: np.ndarray | None = None,
    snr_db: float = 0.0,
    noise_position: float = 0.0,
    augmentations: Sequence[Augmentation] = (),
) -> np.ndarray:
    """Reverberation, then noise, then the other distortions in the given order.

    Args:
        speech: dry speech (samples,); it is also the target, so the direct path of `response` should come
            first.
        rate_hz: rate of speech, response and noise.
        response: room impulse response (samples,), or None for the dry room.
        noise: (samples,) of any length above 0, or None.
        snr_db: of the reverberant speech against the noise.
        noise_position: see `noise.add_noise`.
        augmentations: applied to the mixture from left to right.

    Returns:
        degraded speech (samples,).
    """
    wave = speech
    if response is not None:
        wave = reverberate(wave, response)
    if noise is not None:
        wave = add_noise(wave, noise, snr_db, noise_position)
    for augmentation in augmentations:
        wave = augmentation.apply(wave, rate_hz)
    return wave


def common_gain(*waves: np.ndarray) -> float:
    """The factor that brings the largest of all peaks to 0.9; 1 where none exceeds it.

    One factor for the degraded and the clean wave keeps their levels in proportion; louder ones would be
    clipped by 16-bit files.
    """
    peak = max((float(np.abs(wave).max(initial=0.0)) for wave in waves), default=0.0)
    return HIGHEST_PEAK / peak if peak > HIGHEST_PEAK else 1.0
