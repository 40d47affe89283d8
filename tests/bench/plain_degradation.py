"""The distortions by one library call each, as a program without thought for speed would have them."""

from unittest import mock

import librosa
import numpy as np
import scipy.signal

from espnet_plugin.simulation import augmentation, mixture, noise
from espnet_plugin.simulation.active_power import FRAME_SAMPLES, SHIFT_SAMPLES, THRESHOLD


def plain_active_power(wave):
    """Mean square over active frames, by a view of all frames and a mask of all samples."""
    if len(wave) < FRAME_SAMPLES:
        return float(np.mean(np.square(wave, dtype=np.float64))) if len(wave) else 0.0
    padded = np.pad(wave, (0, -len(wave) % SHIFT_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::SHIFT_SAMPLES]
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    active = power > THRESHOLD * power.mean()
    frame_of_sample = np.minimum(np.arange(len(wave)) // SHIFT_SAMPLES, len(active) - 1)
    kept = wave[active[frame_of_sample]]
    return float(np.mean(np.square(kept, dtype=np.float64))) if len(kept) else 0.0


def plain_reverberate(wave, response):
    return scipy.signal.oaconvolve(wave.astype(np.float64), response)[: len(wave)].astype(wave.dtype)


def plain_clip(wave, min_quantile, max_quantile):
    return np.clip(wave, *np.quantile(wave, [min_quantile, max_quantile])).astype(wave.dtype)


def plain_low_pass(wave, rate_hz, type, order, cutoff_hz, ripple_db=None, stopband_db=None):
    levels = [level for level in (ripple_db, stopband_db) if level is not None]
    design = {
        "butterworth": scipy.signal.butter,
        "chebyshev1": scipy.signal.cheby1,
        "chebyshev2": scipy.signal.cheby2,
        "bessel": scipy.signal.bessel,
        "elliptic": scipy.signal.ellip,
    }[type]
    options = {"norm": "phase"} if type == "bessel" else {}
    sections = design(order, *levels, cutoff_hz / (rate_hz / 2), output="sos", **options)
    edge = min(3 * (2 * len(sections) + 1), len(wave) - 1)
    return scipy.signal.sosfiltfilt(sections, wave.astype(np.float64), padlen=edge).astype(wave.dtype)


def plain_detour(wave, rate_hz, lower_rate_hz, method):
    narrow = librosa.resample(wave, orig_sr=rate_hz, target_sr=lower_rate_hz, res_type=method)
    return librosa.resample(narrow, orig_sr=lower_rate_hz, target_sr=rate_hz, res_type=method)[: len(wave)]


def plain_distortions():
    """A context in which the simulation uses the functions above instead of its own."""
    return mock.patch.multiple(
        augmentation, clip=plain_clip, low_pass=plain_low_pass, resample_detour=plain_detour
    ), mock.patch.object(mixture, "reverberate", plain_reverberate), mock.patch.object(
        noise, "active_power", plain_active_power
    )
