"""The high-pass filter that takes rumble off the speech before anything else happens to it."""

import functools

import numpy as np

from espnet_plugin.simulation.convolution import convolve

STOP_HZ, PASS_HZ = 55.0, 70.0
FEWEST_TAPS = 101


def high_pass(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    """Filter forwards and backwards with a long FIR filter: nothing below 55 Hz, all above 70 Hz, no delay.

    Both passes together are one symmetric filter twice as long, and beyond its reach the state a pass starts
    in is forgotten. So this is a single convolution by FFT, of the wave turned around its end points. The
    official filter needs waves of more than three times its length (91 ms); shorter ones are turned around
    repeatedly here.

    Args:
        wave: (samples,).
        rate_hz: sampling rate, above 140 Hz.

    Returns:
        filtered wave (samples,), in the type of `wave`.
    """
    if len(wave) == 0:
        return wave
    kernel = _both_passes(rate_hz)
    extended = np.pad(wave.astype(np.float64), len(kernel) // 2, mode="reflect", reflect_type="odd")
    return convolve(extended, kernel)[len(kernel) - 1 :].astype(wave.dtype)


def taps(rate_hz: int) -> np.ndarray:
    """The filter of one pass (an odd number of taps,), designed by sampling its frequency response."""
    from scipy.signal import firwin2

    count = max(FEWEST_TAPS, int(10 * rate_hz / (22 * (PASS_HZ - STOP_HZ))))
    return firwin2(count + 1 - count % 2, [0.0, STOP_HZ, PASS_HZ, rate_hz / 2], [0, 0, 1, 1], fs=rate_hz)


@functools.lru_cache(maxsize=16)
def _both_passes(rate_hz: int) -> np.ndarray:
    one = taps(rate_hz)
    return np.convolve(one, one[::-1])
