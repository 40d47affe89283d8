"""The four resamplers of the bandwidth limitation, as librosa names them, at the speed training needs.

librosa's own `kaiser_best` and `kaiser_fast` look up and interpolate the filter for every product, and its
`polyphase` designs one in every call. Between two whole rates the taps repeat after a few outputs, so here
they are computed once per pair of rates: the same numbers up to rounding, up to thirty times as fast. `scipy`
is SciPy's function as it is.
"""

import functools
import importlib.util
import math
from collections.abc import Iterable

import numpy as np

from espnet_plugin.errors import missing_module

RESAMPLING_METHODS = ("kaiser_best", "kaiser_fast", "scipy", "polyphase")


def resample_by(method: str, wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """What `librosa.resample(wave, orig_sr=from_hz, target_sr=to_hz, res_type=method)` gives.

    Args:
        method: one of `RESAMPLING_METHODS`.
        wave: (samples,) of at least one sample, float32 or float64.
        from_hz, to_hz: whole rates.

    Returns:
        wave of ceil(samples * to_hz / from_hz) samples, in the type of `wave`.

    Raises:
        ValueError: unknown method.
    """
    if method not in RESAMPLING_METHODS:
        raise ValueError(f"unknown resampling method {method}; known: {', '.join(RESAMPLING_METHODS)}")
    samples = math.ceil(len(wave) * (to_hz / from_hz))  # rounded as librosa does
    if method == "scipy":
        import scipy.signal

        return scipy.signal.resample(wave, samples).astype(wave.dtype)
    from espnet_plugin.simulation.polyphase_kernel import polyphase

    common = math.gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    before, after, weights = _taps(method, up, down, wave.dtype)
    resampled = np.zeros(samples, wave.dtype)
    # The length of polyphase rounds up, that of the others down; librosa appends a zero there.
    filled = -(-len(wave) * up // down) if method == "polyphase" else len(wave) * up // down
    polyphase(np.pad(wave, (before, after)), weights, down, resampled[:filled])
    return resampled


def check_resampy(methods: Iterable[str]) -> None:
    """Refuse methods whose filter is not at hand: resampy holds those of `kaiser_best` and `kaiser_fast`.

    Raises:
        UserError: names the command that installs it.
    """
    if importlib.util.find_spec("resampy") is None and any(name.startswith("kaiser") for name in methods):
        raise missing_module("resampy", "the resampling methods kaiser_best and kaiser_fast")


@functools.lru_cache(maxsize=64)
def _taps(method: str, up: int, down: int, dtype: np.dtype) -> tuple[int, int, np.ndarray]:
    """The taps of all phases of a method's filter.

    Returns:
        samples needed before and after the one at or before an output, and weights (up, before + 1 + after).
    """
    left, right = _designed_wings(up, down) if method == "polyphase" else _stored_wings(method, up, down)
    before, after = max(map(len, left)) - 1, max(map(len, right))
    weights = np.zeros((up, before + 1 + after), dtype)
    for phase in range(up):
        weights[phase, before + 1 - len(left[phase]) : before + 1] = left[phase][::-1]
        weights[phase, before + 1 : before + 1 + len(right[phase])] = right[phase]
    return before, after, weights


def _designed_wings(up: int, down: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The filter of `scipy.signal.resample_poly` from an output to the left and to the right, per phase."""
    from scipy.signal import firwin

    half = 10 * max(up, down)
    taps = up * firwin(2 * half + 1, 1 / max(up, down), window=("kaiser", 5.0))
    left = [taps[half + phase :: up] for phase in range(up)]
    right = [taps[half - up + phase :: -up] for phase in range(up)]
    return left, right


def _stored_wings(method: str, up: int, down: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The same of a windowed sinc that is stored as a table.

    The table holds the right half of the filter, `density` entries per zero crossing; between two entries the
    filter is a straight line. Where the rate falls, the filter is stretched, in whole table entries per
    sample.
    """
    from resampy.filters import get_filter

    table, density, _ = get_filter(method)
    scale = min(1.0, up / down)
    table = scale * table
    slope = np.diff(table, append=table[-1])
    stride = int(scale * density)

    def wing(distance: float) -> np.ndarray:
        """The filter at a distance from its middle (in input samples) and one, two, ... samples further."""
        position = distance * scale * density
        offset = int(position)
        entries = offset + stride * np.arange((len(table) - offset) // stride)
        return table[entries] + (position - offset) * slope[entries]

    fractions = [phase / up for phase in range(up)]
    return [wing(fraction) for fraction in fractions], [wing(1 - fraction) for fraction in fractions]
