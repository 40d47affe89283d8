"""Limited bandwidth: a low-pass filter, and a detour over a lower sampling rate."""

import functools
import math

import numpy as np

from espnet_plugin.simulation.resampling import RESAMPLING_METHODS, resample_by

FILTER_TYPES = ("butterworth", "chebyshev1", "chebyshev2", "bessel", "elliptic")

# Which of the two levels a filter type has.
HAS_RIPPLE = ("chebyshev1", "elliptic")
HAS_STOPBAND = ("chebyshev2", "elliptic")


def low_pass(
    wave: np.ndarray,
    rate_hz: int,
    type: str,
    order: int,
    cutoff_hz: float,
    ripple_db: float | None = None,
    stopband_db: float | None = None,
) -> np.ndarray:
    """Filter with an IIR low-pass forwards and backwards: no phase shift, and twice the attenuation.

    Args:
        wave: (samples,).
        rate_hz: sampling rate.
        type: one of `FILTER_TYPES`.
        order: of one pass.
        cutoff_hz: -3 dB per pass for Butterworth; end of the ripple for Chebyshev 1 and elliptic; start of
            the stop band for Chebyshev 2; middle of the phase for Bessel.
        ripple_db: in the pass band, per pass; Chebyshev 1 and elliptic only.
        stopband_db: attenuation of the stop band, per pass; Chebyshev 2 and elliptic only.

    Returns:
        filtered wave (samples,), in the type of `wave`.

    Raises:
        ValueError: unknown type, a level that the type needs is missing, or a cutoff not below half the rate.
    """
    if not 0 < cutoff_hz < rate_hz / 2:
        raise ValueError(f"the cutoff must lie between 0 and {rate_hz / 2} Hz, got {cutoff_hz}")
    if len(wave) == 0:
        return wave

    sections, settled = _sections(type, order, cutoff_hz / (rate_hz / 2), ripple_db, stopband_db)
    return _forwards_and_backwards(sections, settled, wave.astype(np.float64)).astype(wave.dtype)


def resample_detour(wave: np.ndarray, rate_hz: int, lower_rate_hz: int, method: str) -> np.ndarray:
    """Resample to a lower rate and back: what lies above half the lower rate is lost.

    Args:
        wave: (samples,).
        rate_hz: rate of the wave and of the result.
        lower_rate_hz: the rate in between.
        method: one of `RESAMPLING_METHODS`, as librosa names them; they differ in steepness and aliasing.

    Returns:
        wave (samples,), in the type of `wave`.

    Raises:
        ValueError: unknown method, or a rate in between that is not lower.
    """
    if method not in RESAMPLING_METHODS:
        raise ValueError(f"unknown resampling method {method}; known: {', '.join(RESAMPLING_METHODS)}")
    if not 0 < lower_rate_hz < rate_hz:
        raise ValueError(f"the rate in between must be below {rate_hz} Hz, got {lower_rate_hz}")
    if len(wave) == 0:
        return wave

    if method == "scipy":
        return _spectral_detour(wave, rate_hz, lower_rate_hz)
    narrow = resample_by(method, wave, rate_hz, lower_rate_hz)
    # Both ways round up, so there is never too little.
    return resample_by(method, narrow, lower_rate_hz, rate_hz)[: len(wave)]


def _spectral_detour(wave: np.ndarray, rate_hz: int, lower_rate_hz: int) -> np.ndarray:
    """What `scipy.signal.resample` gives there and back, of more than a few samples.

    It cuts and extends the spectrum of the whole wave, so the wave in between need not be known.
    """
    from scipy.fft import irfft, rfft

    narrow_samples = math.ceil(len(wave) * (lower_rate_hz / rate_hz))  # rounded as librosa does
    samples = math.ceil(narrow_samples * (rate_hz / lower_rate_hz))
    spectrum = rfft(wave)[: narrow_samples // 2 + 1]
    if narrow_samples % 2 == 0:
        spectrum[-1] = spectrum[-1].real  # half the lower rate has no phase
    return (irfft(spectrum, samples)[: len(wave)] * (samples / len(wave))).astype(wave.dtype)


def _forwards_and_backwards(sections: np.ndarray, settled: np.ndarray, wave: np.ndarray) -> np.ndarray:
    """What `scipy.signal.sosfiltfilt` gives, with the settled states of the filter at hand.

    Each pass starts settled on its first sample, in a stretch of the wave that is turned around its end
    point; a wave shorter than that stretch lends what it has.

    Args:
        sections, settled: of `_sections`.
        wave: (1 or more,).
    """
    from scipy.signal import sosfilt

    edge = min(3 * (2 * len(sections) + 1), len(wave) - 1)
    before = 2 * wave[0] - wave[edge:0:-1]
    after = 2 * wave[-1] - wave[-2 : -edge - 2 : -1]
    extended = np.concatenate((before, wave, after))
    for _ in ("forwards", "backwards"):
        extended, _ = sosfilt(sections, extended, zi=settled * extended[0])
        extended = extended[::-1]
    return extended[edge : edge + len(wave)]


@functools.lru_cache(maxsize=512)
def _sections(
    type: str, order: int, cutoff: float, ripple_db: float | None, stopband_db: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """A filter as second-order sections, and their states after a long input of ones.

    Sections stay accurate where the coefficients of one high-order filter would not. A simulation draws from
    some hundred filters, each of which takes longer to design than to run: hence the cache.

    Args:
        cutoff: as a share of half the sampling rate.
    """
    from scipy.signal import sosfilt_zi

    sections = _designed(type, order, cutoff, ripple_db, stopband_db)
    return sections, sosfilt_zi(sections)


def _designed(
    type: str, order: int, cutoff: float, ripple_db: float | None, stopband_db: float | None
) -> np.ndarray:
    import scipy.signal

    if type in HAS_RIPPLE and ripple_db is None or type in HAS_STOPBAND and stopband_db is None:
        raise ValueError(f"a {type} filter needs ripple_db or stopband_db, see FILTER_TYPES")
    if type == "butterworth":
        return scipy.signal.butter(order, cutoff, output="sos")
    if type == "chebyshev1":
        return scipy.signal.cheby1(order, ripple_db, cutoff, output="sos")
    if type == "chebyshev2":
        return scipy.signal.cheby2(order, stopband_db, cutoff, output="sos")
    if type == "bessel":
        return scipy.signal.bessel(order, cutoff, norm="phase", output="sos")
    if type == "elliptic":
        return scipy.signal.ellip(order, ripple_db, stopband_db, cutoff, output="sos")
    raise ValueError(f"unknown filter type {type}; known: {', '.join(FILTER_TYPES)}")
