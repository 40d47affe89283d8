"""Limited bandwidth: a low-pass filter, and a detour over a lower sampling rate."""

import numpy as np

FILTER_TYPES = ("butterworth", "chebyshev1", "chebyshev2", "bessel", "elliptic")
RESAMPLING_METHODS = ("kaiser_best", "kaiser_fast", "scipy", "polyphase")

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

    import scipy.signal

    sections = _sections(type, order, cutoff_hz / (rate_hz / 2), ripple_db, stopband_db)
    # The filter starts from a mirrored beginning; a wave shorter than that lends what it has.
    edge = min(3 * (2 * len(sections) + 1), len(wave) - 1)
    return scipy.signal.sosfiltfilt(sections, wave.astype(np.float64), padlen=edge).astype(wave.dtype)


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

    import librosa

    narrow = librosa.resample(wave, orig_sr=rate_hz, target_sr=lower_rate_hz, res_type=method)
    wide = librosa.resample(narrow, orig_sr=lower_rate_hz, target_sr=rate_hz, res_type=method)
    # Both ways round up, so there is never too little.
    return wide[: len(wave)].astype(wave.dtype)


def _sections(
    type: str, order: int, cutoff: float, ripple_db: float | None, stopband_db: float | None
) -> np.ndarray:
    """Second-order sections, which stay accurate where the coefficients of one high-order filter would not.

    Args:
        cutoff: as a share of half the sampling rate.
    """
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
