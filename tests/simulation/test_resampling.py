"""The fast resamplers against librosa's, and the polyphase taps by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.resampling import RESAMPLING_METHODS, resample_by

pytest.importorskip("resampy")
librosa = pytest.importorskip("librosa")

PAIRS_HZ = [(16000, rate_hz) for rate_hz in (4000, 6000, 8000, 10000, 12000, 14000)]


@pytest.mark.parametrize("method", RESAMPLING_METHODS)
@pytest.mark.parametrize("high_hz, low_hz", [*PAIRS_HZ, (44100, 6000), (22050, 16000)])
@given(samples=st.integers(50, 3000), upwards=st.booleans())
def test_the_same_as_librosa(method, high_hz, low_hz, samples, upwards):
    wave = np.random.default_rng(samples).standard_normal(samples)
    from_hz, to_hz = (low_hz, high_hz) if upwards else (high_hz, low_hz)
    expected = librosa.resample(wave, orig_sr=from_hz, target_sr=to_hz, res_type=method)
    resampled = resample_by(method, wave, from_hz, to_hz)
    assert resampled.shape == expected.shape
    np.testing.assert_allclose(resampled, expected, atol=1e-9)
    single = resample_by(method, wave.astype(np.float32), from_hz, to_hz)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, atol=2e-5)


@pytest.mark.parametrize("method", ["kaiser_best", "kaiser_fast"])
def test_one_sample_becomes_the_filter(method):
    # Twice the rate: the outputs at even places fall on the zero crossings of the sinc, all but the middle.
    from resampy.filters import get_filter

    pulse = np.zeros(201)
    pulse[100] = 1.0
    response = resample_by(method, pulse, 8000, 16000)
    table, density, _ = get_filter(method)
    assert response[200] == pytest.approx(table[0])
    assert response[201] == response[199] == pytest.approx(table[density // 2])
    assert response[203] == pytest.approx(table[density // 2 + density])


@pytest.mark.parametrize("method", RESAMPLING_METHODS)
def test_a_slow_tone_stays_what_it_is(method):
    def tone(rate_hz):
        return np.sin(2 * np.pi * 500 * np.arange(rate_hz) / rate_hz)

    for from_hz, to_hz in ((16000, 6000), (6000, 16000)):
        middle = slice(to_hz // 4, -to_hz // 4)
        error = resample_by(method, tone(from_hz), from_hz, to_hz)[middle] - tone(to_hz)[middle]
        assert np.abs(error).max() < 1e-3


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match="unknown resampling method sinc"):
        resample_by("sinc", np.ones(9), 16000, 8000)
