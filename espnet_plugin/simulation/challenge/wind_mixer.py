"""Wind into speech: gusts push the speech down, as they do in a real microphone."""

from __future__ import annotations

import numpy as np

from espnet_plugin.simulation.challenge.ffmpeg import Job, Work

PEAK = 0.9
FULL_SCALE = 2**15
MIX_GAIN = 0.5  # ffmpeg's mixer halves the sum of two


def mix_wind(
    speech: np.ndarray,
    wind: np.ndarray,
    rate_hz: int,
    threshold: float,
    ratio: float,
    attack_ms: float,
    release_ms: float,
    side_chain_gain: float,
    clipping_threshold: float | None,
) -> Work[tuple[np.ndarray, np.ndarray]]:
    """Compress speech with the wind as side chain, add the wind, and clip the sum.

    A generator, see `ffmpeg.together`.

    Both pass through 16 bits at a common peak of 0.9, and the sum comes out halved, as from the official
    mixer.

    Args:
        speech, wind: (samples,), at the levels they are to have; not both silent.
        rate_hz: sampling rate.
        threshold, ratio, attack_ms, release_ms, side_chain_gain: of the compressor.
        clipping_threshold: share of the extremes that is left; None: no clipping.

    Returns:
        half the sum, and the wind as it came through the 16 bits; (samples,) each, float64.

    Raises:
        UserError: there is no ffmpeg, or it failed.
    """
    gain = wind_gain(speech, wind)
    # As libsndfile writes the official files: round to 32 bits, and keep the upper 16.
    both = np.rint(np.stack([speech, wind], axis=1) * (gain * 2**31)).astype(np.int64)
    both = (both >> 16).astype("<i2")
    filters = (
        "[{given}]channelsplit=channel_layout=stereo[speech][wind];"
        "[wind]asplit=2[side][rest];"
        f"[speech][side]sidechaincompress=threshold={threshold}:ratio={ratio}:attack={attack_ms}"
        f":release={release_ms}:level_sc={side_chain_gain}[compressed];"
        "[compressed][rest]amix[{result}]"
    )
    raw = ("-f", "s16le", "-ar", str(rate_hz), "-ac")
    mixed = yield Job(both.tobytes(), (*raw, "2"), (*raw, "1"), filters)
    mixed = np.frombuffer(mixed, "<i2")[: len(speech)] / (FULL_SCALE * gain)
    if clipping_threshold is not None:
        mixed = np.clip(mixed, clipping_threshold * mixed.min(), clipping_threshold * mixed.max())
    return mixed, both[:, 1] / (FULL_SCALE * gain)


def wind_gain(speech: np.ndarray, wind: np.ndarray) -> float:
    """The factor that brings the larger peak of the two to 0.9."""
    return PEAK / max(np.abs(speech).max(), np.abs(wind).max())
