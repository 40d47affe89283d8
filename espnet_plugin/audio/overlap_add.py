"""Long recordings in windows that fade into each other.

    window 0  ----------\\
    window 1           /----------\\
    window 2                     /----------
"""

from collections.abc import Callable

import numpy as np


def window_starts(samples: int, window: int, overlap: int) -> list[int]:
    """First samples of the windows that cover a recording.

    All windows have full length; the last one ends with the recording and may overlap more.

    Args:
        samples: length of the recording.
        window: length of a window.
        overlap: samples that neighbours share at least; less than the window.
    """
    if not 0 <= overlap < window:
        raise ValueError(f"the overlap ({overlap} samples) must be below the window ({window} samples)")
    if samples <= window:
        return [0]
    last = samples - window
    return [*range(0, last, window - overlap), last]


def overlap_add(
    process: Callable[[np.ndarray], np.ndarray], wave: np.ndarray, window: int, overlap: int
) -> np.ndarray:
    """Process a long wave window by window, with linear crossfades whose weights sum to one.

    Args:
        process: wave (samples, ...) to wave of the same shape.
        wave: (samples, ...).
        window: samples per window; a shorter wave is processed whole.
        overlap: samples of a crossfade.

    Returns:
        The processed wave, of the same shape; equal to `process(wave)` if that works sample by sample.
    """
    starts = window_starts(len(wave), window, overlap)
    if len(starts) == 1:
        return process(wave)
    result = np.zeros_like(wave)
    covered = 0  # samples that already have their final value or a fading tail
    for start in starts:
        piece = process(wave[start : start + window])
        shared = min(covered - start, overlap) if covered else 0
        fresh = covered - shared - start  # leading samples that the window before keeps
        fade = ((np.arange(shared) + 0.5) / max(shared, 1)).astype(wave.dtype)
        fade = fade.reshape(-1, *[1] * (wave.ndim - 1))
        seam = slice(covered - shared, covered)
        # old + fade * (new - old) gives back equal values without rounding.
        result[seam] += fade * (piece[fresh : fresh + shared] - result[seam])
        result[covered : start + window] = piece[fresh + shared :]
        covered = start + window
    return result
