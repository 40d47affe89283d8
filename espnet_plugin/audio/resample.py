"""Change of sampling rate, by soxr."""

from __future__ import annotations

import numpy as np


def resampled_length(samples: int, from_hz: int, to_hz: int) -> int:
    """Length after resampling: ceil(samples * to_hz / from_hz), in exact integer arithmetic.

    Rounding up means that going to another rate and back never loses the end of a recording.
    """
    return -(-samples * to_hz // from_hz)


def scaled(samples: int, from_hz: int, to_hz: int) -> int:
    """Samples at another rate that begin within the time of so many, in exact integer arithmetic."""
    return samples * to_hz // from_hz


def resample(wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Resample with soxr at quality HQ, to an exact length.

    Args:
        wave: floating point, (samples,) or (samples, channels).
        from_hz: rate of the wave.
        to_hz: wanted rate.

    Returns:
        wave of the same type and number of axes with `resampled_length(samples, from_hz, to_hz)` samples;
        the wave itself where the rates are equal.

    Raises:
        ValueError: rates that are not positive, a wave of integers or with more than two axes.
    """
    wave = np.asarray(wave)
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"sampling rates must be positive, got {from_hz} and {to_hz}")
    if wave.ndim not in (1, 2) or not np.issubdtype(wave.dtype, np.floating):
        raise ValueError(f"need a floating point wave with 1 or 2 axes, got {wave.dtype} {wave.shape}")
    if from_hz == to_hz:
        return wave
    samples = resampled_length(len(wave), from_hz, to_hz)
    if samples == 0:
        return wave[:0]

    import soxr

    resampled = soxr.resample(wave, from_hz, to_hz, quality="HQ")[:samples]
    missing = samples - len(resampled)
    if missing:
        resampled = np.pad(resampled, [(0, missing)] + [(0, 0)] * (wave.ndim - 1))
    return resampled
