import numpy as np
import pytest

from espnet_plugin.simulation.challenge import codec
from espnet_plugin.simulation.challenge.ffmpeg import alone

pytestmark = pytest.mark.usefixtures("ffmpeg_program")


def through_codec(*arguments):
    return alone(codec.through_codec(*arguments))


def tone(rate_hz, samples=None):
    time_s = np.arange(samples or rate_hz) / rate_hz
    return 0.3 * np.sin(2 * np.pi * 440 * time_s) * np.sin(2 * np.pi * 2 * time_s)


@pytest.mark.parametrize("rate_hz", [8000, 22050, 48000])
@pytest.mark.parametrize(
    "container, encoder, quality", [("mp3", None, 2), ("ogg", "vorbis", 8), ("ogg", "opus", 3)]
)
def test_length_and_type_stay_and_the_sound_comes_through_undelayed(rate_hz, container, encoder, quality):
    wave = tone(rate_hz)
    decoded = through_codec(wave, rate_hz, container, encoder, quality)
    assert decoded.shape == wave.shape and decoded.dtype == wave.dtype
    # FFmpeg's own Opus encoder is experimental for good reasons.
    assert np.dot(decoded, wave) / np.linalg.norm(decoded) / np.linalg.norm(wave) > 0.9
    middle = slice(rate_hz // 4, -rate_hz // 4)
    lags = [np.dot(decoded[middle], np.roll(wave, lag)[middle]) for lag in range(-10, 11)]
    assert abs(int(np.argmax(lags)) - 10) <= (0 if encoder != "opus" else 1)


def test_a_better_quality_is_better():
    wave = tone(16000) + 0.05 * np.random.default_rng(0).standard_normal(16000)

    def error(container, encoder, quality):
        return np.abs(through_codec(wave, 16000, container, encoder, quality) - wave).mean()

    assert error("mp3", None, 1) < error("mp3", None, 9)
    assert error("ogg", "vorbis", 9) < error("ogg", "vorbis", -1)


def test_a_few_samples_are_enough():
    assert through_codec(tone(16000, 50), 16000, "mp3", None, 4).shape == (50,)


def test_unknown_codecs():
    with pytest.raises(ValueError, match="unknown codec"):
        through_codec(tone(8000), 8000, "mp3", "opus", 4)
