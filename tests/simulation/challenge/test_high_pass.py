import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import filtfilt, freqz

from espnet_plugin.simulation.challenge.high_pass import high_pass, taps

RATES_HZ = (8000, 16000, 22050, 24000, 32000, 44100, 48000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@given(more=st.integers(1, 3000))
def test_the_same_as_direct_filtering_forwards_and_backwards(rate_hz, more):
    kernel = taps(rate_hz)
    wave = np.random.default_rng(more).standard_normal(3 * len(kernel) + more)
    np.testing.assert_allclose(high_pass(wave, rate_hz), filtfilt(kernel, 1.0, wave), atol=1e-12)


@pytest.mark.parametrize("rate_hz, count", [(8000, 243), (48000, 1455)])
def test_the_number_of_taps(rate_hz, count):
    assert len(taps(rate_hz)) == count


def test_the_response():
    frequencies_hz = [10, 30, 55, 70, 100, 150]
    _, response = freqz(taps(48000), worN=frequencies_hz, fs=48000)
    level_db = 2 * 20 * np.log10(np.abs(response))
    np.testing.assert_allclose(level_db, [-89, -42, -16, -7.9, -0.9, 0], atol=0.5)


@given(samples=st.integers(0, 200))
def test_short_waves_stay_finite_and_keep_length_and_type(samples):
    wave = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    filtered = high_pass(wave, 48000)
    assert filtered.shape == wave.shape and filtered.dtype == np.float32
    assert np.isfinite(filtered).all()
