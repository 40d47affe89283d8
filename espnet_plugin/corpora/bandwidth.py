"""Effective bandwidth of a recording, and the sampling rate that just holds it (section B.3)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from espnet_plugin.errors import UserError

RATES_HZ = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
THRESHOLD_DB = -50.0
FRAMES_AT_ONCE = 512


def effective_bandwidth_hz(wave: np.ndarray, rate_hz: int) -> float | None:
    """The highest frequency whose mean power lies above that of the strongest one less 50 dB.

    Spectra of 32 ms with a Hann window every 16 ms, the ends continued by reflection. With several channels
    the weakest counts.

    Args:
        wave: (samples, channels) with at least one sample.
        rate_hz: its rate.

    Returns:
        centre of the highest bin in Hz; None for silence.
    """
    window, hop = 512 * rate_hz // 16000, 256 * rate_hz // 16000
    taps = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    power = np.stack([_mean_power(channel, taps, hop) for channel in wave.T.astype(np.float64)])
    floor = power.max(axis=1).min() * 10 ** (THRESHOLD_DB / 10)
    above = np.flatnonzero(power.min(axis=0) > floor)
    return float(above[-1] * rate_hz / window) if len(above) else None


def matching_rate_hz(bandwidth_hz: float) -> int:
    """The smallest of the challenge's rates that is at least twice the bandwidth; at most 48 kHz."""
    return next((rate_hz for rate_hz in RATES_HZ if 2 * bandwidth_hz <= rate_hz), RATES_HZ[-1])


def read_bandwidths(folder: Path | None, pattern: str) -> dict[str, float]:
    """Bandwidths that were estimated before: JSON files of id -> [path, bandwidth in Hz], packed or not.

    Args:
        folder: ``datafiles`` of the challenge's 2025 repository, or None.
        pattern: of the files below it; packed ones end with ``.json.gz``.

    Returns:
        stem of the audio file -> bandwidth in Hz.

    Raises:
        UserError: a file is damaged.
    """
    found: dict[str, float] = {}
    if folder is None or not pattern:
        return found
    for path in sorted({*folder.glob(pattern), *folder.glob(pattern.removesuffix(".gz"))}):
        try:
            content = path.read_bytes()
            table = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
            found.update((Path(name).stem, float(value)) for name, value in table.values())
        except (OSError, EOFError, ValueError, TypeError, AttributeError):
            raise UserError(f"{path} is no list of bandwidths; get the file again") from None
    return found


def _mean_power(channel: np.ndarray, taps: np.ndarray, hop: int) -> np.ndarray:
    """Mean power spectrum of a wave of one channel."""
    import scipy.fft

    half = len(taps) // 2
    padded = np.pad(channel, half, mode="reflect" if len(channel) > 1 else "edge")
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(taps))[::hop]
    total = np.zeros(half + 1)
    for first in range(0, len(frames), FRAMES_AT_ONCE):  # long recordings would take gigabytes at once
        spectra = scipy.fft.rfft(frames[first : first + FRAMES_AT_ONCE] * taps)
        total += (spectra.real**2 + spectra.imag**2).sum(axis=0)
    return total / len(frames)
