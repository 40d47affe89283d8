"""The wave that speech networks get: rate, length, and files too short for a frame."""

import numpy as np
import pytest
import soxr

from espnet_plugin.scoring.metric import Unscorable
from espnet_plugin.scoring.network_input import network_input


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_the_resampler_of_the_official_scripts(speech, rate_hz):
    wave = speech(0.5, rate_hz)[:-7]
    given = network_input(wave, rate_hz)
    assert given.dtype == np.float32
    assert np.array_equal(given, soxr.resample(wave, rate_hz, 16000))


def test_a_wave_at_16_khz_is_left_as_it_is(speech):
    wave = 3 * speech(0.5)
    assert network_input(wave, 16000) is wave


@pytest.mark.parametrize(("samples", "rate_hz"), [(0, 16000), (0, 48000), (399, 16000), (1196, 48000)])
def test_less_than_a_frame_has_no_value(samples, rate_hz):
    with pytest.raises(Unscorable, match="25 ms"):
        network_input(np.zeros(samples, np.float32), rate_hz)


def test_one_frame_is_enough():
    assert len(network_input(np.zeros(1200, np.float32), 48000)) == 400
