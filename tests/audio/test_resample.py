"""Resampling: exact lengths at any pair of rates, and the right signal."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.audio.resample import resample, resampled_length

RATES_HZ = [8000, 16000, 22050, 24000, 32000, 44100, 48000]


@settings(max_examples=40, deadline=None)
@given(
    samples=st.integers(0, 5000),
    channels=st.sampled_from([None, 1, 2]),
    from_hz=st.sampled_from(RATES_HZ),
    to_hz=st.sampled_from(RATES_HZ),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_length_axes_and_type(samples, channels, from_hz, to_hz, dtype):
    shape = (samples,) if channels is None else (samples, channels)
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, shape).astype(dtype)
    result = resample(wave, from_hz, to_hz)
    assert len(result) == math.ceil(Fraction(samples * to_hz, from_hz))
    assert result.shape[1:] == wave.shape[1:] and result.dtype == dtype
    assert np.isfinite(result).all()


@settings(max_examples=50, deadline=None)
@given(samples=st.integers(0, 10**7), from_hz=st.integers(1, 200000), to_hz=st.integers(1, 200000))
def test_going_there_and_back_never_loses_the_end(samples, from_hz, to_hz):
    there = resampled_length(samples, from_hz, to_hz)
    assert resampled_length(there, to_hz, from_hz) >= samples


@pytest.mark.parametrize(("from_hz", "to_hz"), [(16000, 48000), (44100, 16000), (22050, 16000)])
def test_a_tone_stays_the_same_tone(from_hz, to_hz):
    tone_hz = 440.0
    wave = np.sin(2 * np.pi * tone_hz * np.arange(from_hz) / from_hz)
    expected = np.sin(2 * np.pi * tone_hz * np.arange(to_hz) / to_hz)
    inner = slice(to_hz // 10, -to_hz // 10)
    assert np.abs(resample(wave, from_hz, to_hz) - expected)[inner].max() < 1e-4


def test_equal_rates_give_the_wave_back():
    wave = np.random.default_rng(0).standard_normal(100)
    assert resample(wave, 16000, 16000) is wave


@pytest.mark.parametrize(
    ("wave", "from_hz"),
    [(np.zeros(4, np.int16), 8000), (np.zeros((1, 2, 3)), 8000), (np.zeros(4), 0), (np.zeros(4), -1)],
)
def test_nonsense_is_refused(wave, from_hz):
    with pytest.raises(ValueError):
        resample(wave, from_hz, 16000)
