"""From speech to the pair of degraded and clean speech, in the challenge's order of operations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from espnet_plugin.simulation.challenge.distortion import WIND, Distortion
from espnet_plugin.simulation.challenge.early_response import early_response
from espnet_plugin.simulation.challenge.ffmpeg import Work
from espnet_plugin.simulation.challenge.high_pass import high_pass
from espnet_plugin.simulation.challenge.noise import scaled
from espnet_plugin.simulation.challenge.wind_mixer import MIX_GAIN, mix_wind, wind_gain
from espnet_plugin.simulation.reverberation import reverberate

HIGHEST_PEAK = 0.9
LOWEST_PEAK = 1e-6


@dataclass(frozen=True)
class Mixture:
    """The result, at one common gain.

    Attributes:
        noisy, clean: (samples,).
        noise: as it is in `noisy` before the distortions (samples,).
    """

    noisy: np.ndarray
    clean: np.ndarray
    noise: np.ndarray


def mix(
    speech: np.ndarray,
    rate_hz: int,
    noise: np.ndarray,
    snr_db: float,
    response: np.ndarray | None = None,
    distortions: Sequence[Distortion] = (),
    filter_speech: bool = True,
    fixes: Collection[str] = (),
) -> Work[Mixture]:
    """High-pass filter, reverberation, noise or wind, further distortions, common gain.

    A generator, see `ffmpeg.together`.

    Args:
        speech: (samples,), float64.
        rate_hz: rate of speech, noise and response.
        noise: (samples,).
        snr_db: of the reverberant speech against the noise.
        response: room impulse response, or None for the dry room. The target keeps its early part.
        distortions: of the mixture, from left to right; wind decides how the noise comes in.
        filter_speech: use the high-pass filter.
        fixes: flaws of the official renderer to do without: `wind_level` (the mixer halves the level of
            speech and noise, and scales the target of dry speech), `wind_clipping` (all wind is clipped,
            whatever the table says).

    Raises:
        UserError: there is no ffmpeg for a codec or wind, or it failed.
    """
    if filter_speech:
        speech = high_pass(speech, rate_hz)
    wave = clean = speech
    if response is not None:
        wave = reverberate(speech, response)
        clean = reverberate(speech, early_response(response, rate_hz))
    noise = scaled(noise, wave, snr_db)
    wind = next((distortion.parameters for distortion in distortions if distortion.name == WIND), None)
    if wind is None:
        noisy = wave + noise
    else:
        if "wind_level" not in fixes and response is None:
            clean = clean * wind_gain(wave, noise)
        noisy, noise = yield from _with_wind(wave, noise, rate_hz, wind, fixes)
    for distortion in distortions:
        if distortion.name != WIND:
            noisy = yield from distortion.apply(noisy, rate_hz)
    peak = max(float(np.abs(wave).max(initial=LOWEST_PEAK)) for wave in (noisy, clean, noise))
    gain = HIGHEST_PEAK / peak
    return Mixture(gain * noisy, gain * clean, gain * noise)


def _with_wind(
    speech: np.ndarray, wind: np.ndarray, rate_hz: int, parameters: dict, fixes: Collection[str]
) -> Work[tuple[np.ndarray, np.ndarray]]:
    clipped = parameters["clipping"] or "wind_clipping" not in fixes
    mixed, wind = yield from mix_wind(
        speech,
        wind,
        rate_hz,
        threshold=parameters["threshold"],
        ratio=parameters["ratio"],
        attack_ms=parameters["attack"],
        release_ms=parameters["release"],
        side_chain_gain=parameters["sc_gain"],
        clipping_threshold=parameters["clipping_threshold"] if clipped else None,
    )
    return (mixed / MIX_GAIN if "wind_level" in fixes else mixed), wind
