"""Clipping, as in an overdriven input."""

import numpy as np


def clip(wave: np.ndarray, min_quantile: float, max_quantile: float) -> np.ndarray:
    """Limit a wave to two quantiles of its own samples.

    Args:
        wave: (samples,).
        min_quantile: share of the samples below the lower limit, such as 0.05.
        max_quantile: share of the samples below the upper limit, such as 0.95.

    Returns:
        clipped wave (samples,), in the type of `wave`.

    Raises:
        ValueError: the quantiles are not in the order 0 <= min <= max <= 1.
    """
    if not 0 <= min_quantile <= max_quantile <= 1:
        raise ValueError(f"quantiles must be in order within 0 and 1, got {min_quantile} and {max_quantile}")
    if len(wave) == 0:
        return wave
    ranked = np.sort(wave)  # faster than NumPy's quantile, which selects
    low, high = _quantile(ranked, min_quantile), _quantile(ranked, max_quantile)
    return np.clip(wave, low, high).astype(wave.dtype)


def _quantile(ranked: np.ndarray, share: float) -> float:
    """As `numpy.quantile`, of samples in rising order: linear between the two nearest ones."""
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return float(ranked[below]) + (place - below) * (float(ranked[above]) - float(ranked[below]))
