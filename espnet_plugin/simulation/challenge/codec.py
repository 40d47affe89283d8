"""Lossy codecs: MP3, Vorbis and Opus there and back, by the program ffmpeg."""

from __future__ import annotations

import numpy as np

from espnet_plugin.simulation.challenge.ffmpeg import Job, Work

QUALITY_UNIT = 118  # of ffmpeg's global quality
# The encoders named vorbis and opus are FFmpeg's own experimental ones, as in the official simulation.
# MP3 gets integers, so that samples beyond full scale are clipped. Vorbis knows stereo alone.
ENCODERS = {
    ("mp3", None): ("-sample_fmt", "s32p", "-f", "mp3"),
    ("ogg", "vorbis"): ("-c:a", "vorbis", "-strict", "experimental", "-ac", "2", "-f", "ogg"),
    ("ogg", "opus"): ("-c:a", "opus", "-strict", "experimental", "-f", "ogg"),
}


def through_codec(
    wave: np.ndarray, rate_hz: int, container: str, encoder: str | None, quality: int
) -> Work[np.ndarray]:
    """Encode and decode; a generator, see `ffmpeg.together`.

    Args:
        wave: (samples,).
        rate_hz: sampling rate.
        container: mp3 or ogg.
        encoder: vorbis or opus in ogg, None in mp3.
        quality: on the codec's scale: 1 is the best of MP3, 9 of Vorbis; of no effect on Opus.

    Returns:
        wave (samples,), in the type of `wave`: what the codec adds at the end is cut, what it lacks is zero.

    Raises:
        ValueError: no such codec.
        UserError: there is no ffmpeg, or it failed.
    """
    if (container, encoder) not in ENCODERS:
        raise ValueError(f"unknown codec {encoder} in {container}")
    raw = ("-f", "f32le", "-ar", str(rate_hz), "-ac", "1")
    # Not -q:a, which leaves qualities below 0 out; the official simulation gives them to the encoder.
    options = ("-flags:a", "+qscale", "-global_quality:a", str(QUALITY_UNIT * quality))
    encoder_options = (*options, *ENCODERS[container, encoder])
    encoded = yield Job(wave.astype("<f4").tobytes(), raw, encoder_options)
    decoded = yield Job(encoded, (), raw)
    decoded = np.frombuffer(decoded, "<f4")[: len(wave)].astype(wave.dtype)
    return np.pad(decoded, (0, len(wave) - len(decoded)))
