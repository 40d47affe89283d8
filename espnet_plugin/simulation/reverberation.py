"""Reverberation by a room impulse response."""

import numpy as np

from espnet_plugin.simulation.convolution import convolve


def reverberate(wave: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Convolve with a room impulse response and cut to the length of the wave.

    The response is taken as it is: neither normalised nor aligned, so a delay of its direct path is a delay
    of the result.

    Args:
        wave: (samples,), float32 or float64; the transforms use its precision.
        response: (any number of samples above 0,) at the same rate.

    Returns:
        reverberant wave (samples,), in the type of `wave`.

    Raises:
        ValueError: the response has no samples.
    """
    if len(response) == 0:
        raise ValueError("the room impulse response has no samples")
    if len(wave) == 0:
        return wave
    return convolve(wave, response)
