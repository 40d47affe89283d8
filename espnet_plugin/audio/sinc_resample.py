"""Change of sampling rate by the windowed sinc of torchaudio's default, for any pair of rates.

The original GAP-URGENet resamples so, and its numbers depend on it. torchaudio itself stores a table of
all phases, which takes gigabytes for rates without a common divisor; here the same kernel runs as a
polyphase filter.
"""

import math
from functools import lru_cache

import numpy as np

#: Zero crossings of the sinc on either side, and cut-off in parts of the lower Nyquist frequency.
CROSSINGS, ROLLOFF = 6, 0.99


def sinc_resample(wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Resample along the first axis.

    Args:
        wave: float32, (samples, ...).
        from_hz, to_hz: present and wanted rate, whole numbers above 0.

    Returns:
        float32, (ceil(samples * to_hz / from_hz), ...); the wave itself where the rates are equal.
    """
    if from_hz == to_hz or not len(wave):
        return wave
    from scipy.signal import upfirdn

    common = math.gcd(from_hz, to_hz)
    down, up = from_hz // common, to_hz // common
    kernel = _kernel(down, up)
    samples = -(-len(wave) * up // down)
    # The kernel's middle lies on the first sample if the filter starts late by a multiple of `down`.
    reach = len(kernel) // 2
    late = -reach % down
    kernel = np.concatenate((np.zeros(late, kernel.dtype), kernel))
    first = (reach + late) // down
    result = upfirdn(kernel, wave, up, down, axis=0)[first : first + samples]
    missing = samples - len(result)
    return np.pad(result, [(0, missing)] + [(0, 0)] * (wave.ndim - 1)) if missing else result


@lru_cache(maxsize=8)
def _kernel(down: int, up: int) -> np.ndarray:
    """Sinc under a squared cosine, sampled `down * up` times per unit of `from_hz / down` seconds."""
    lower = min(down, up) * ROLLOFF
    reach = math.ceil(CROSSINGS / lower * down * up)
    phase = np.arange(-reach, reach + 1) / (down * up) * lower
    window = np.cos(np.clip(phase, -CROSSINGS, CROSSINGS) * np.pi / CROSSINGS / 2) ** 2
    return (np.sinc(phase) * window * lower / down).astype(np.float32)
