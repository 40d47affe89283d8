import numpy as np
import pytest

from espnet_plugin.simulation.challenge import wind_mixer
from espnet_plugin.simulation.challenge.ffmpeg import alone
from espnet_plugin.simulation.challenge.wind_mixer import MIX_GAIN

pytestmark = pytest.mark.usefixtures("ffmpeg_program")

RATE_HZ = 16000
STEP = 2**-15
COMPRESSOR = {
    "threshold": 0.1,
    "ratio": 10.0,
    "attack_ms": 5.0,
    "release_ms": 50.0,
    "side_chain_gain": 1.0,
    "clipping_threshold": None,
}


def mix_wind(*arguments, **parameters):
    mixed, _ = alone(wind_mixer.mix_wind(*arguments, **parameters))
    return mixed


@pytest.fixture
def speech():
    return 0.5 * np.sin(2 * np.pi * 500 * np.arange(RATE_HZ) / RATE_HZ)


def gust(level):
    """A loud low tone in the second half."""
    wave = level * np.sin(2 * np.pi * 60 * np.arange(RATE_HZ) / RATE_HZ)
    wave[: RATE_HZ // 2] = 0
    return wave


def test_soft_wind_is_added(speech):
    wind = gust(0.01)
    mixed = mix_wind(speech, wind, RATE_HZ, **COMPRESSOR)
    np.testing.assert_allclose(mixed, MIX_GAIN * (speech + wind), atol=3 * STEP)


def test_a_gust_pushes_the_speech_down(speech):
    wind = gust(0.5)
    voice = mix_wind(speech, wind, RATE_HZ, **COMPRESSOR) / MIX_GAIN - wind
    calm, stormy = voice[2000:7000], voice[10000:15000]
    np.testing.assert_allclose(calm, speech[2000:7000], atol=3 * STEP)
    assert np.std(stormy) < 0.5 * np.std(calm)


def test_the_level_of_both_does_not_matter(speech):
    mixed = mix_wind(speech, gust(0.4), RATE_HZ, **COMPRESSOR)
    louder = mix_wind(8 * speech, 8 * gust(0.4), RATE_HZ, **COMPRESSOR)
    np.testing.assert_allclose(louder / 8, mixed, atol=STEP)


def test_clipping_at_a_share_of_the_extremes(speech):
    wind = gust(0.3) - 0.1
    whole = mix_wind(speech, wind, RATE_HZ, **COMPRESSOR)
    clipped = mix_wind(speech, wind, RATE_HZ, **COMPRESSOR | {"clipping_threshold": 0.8})
    np.testing.assert_allclose(clipped, np.clip(whole, 0.8 * whole.min(), 0.8 * whole.max()))
    assert clipped.max() < whole.max()


def test_the_wind_comes_back_with_sixteen_bits(speech):
    wind = gust(0.7)
    _, found = alone(wind_mixer.mix_wind(speech, wind, RATE_HZ, **COMPRESSOR))
    assert 0 < np.abs(found - wind).max() < 2 * STEP
    steps = found * (0.9 / 0.7) / STEP
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
