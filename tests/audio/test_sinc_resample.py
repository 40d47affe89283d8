"""The numbers of torchaudio's resampler, also where its table would not fit into memory."""

import numpy as np
import pytest
import torch
import torchaudio.functional as audio_functional
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.sinc_resample import sinc_resample

RATES = [8000, 16000, 22050, 24000, 32000, 44100, 48000]


@given(st.integers(1, 3000), st.sampled_from(RATES), st.sampled_from(RATES))
def test_numbers_of_torchaudio(samples, from_hz, to_hz):
    wave = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    # In double precision: in single, torchaudio's own kernel is off by up to 7e-5.
    expected = audio_functional.resample(torch.from_numpy(wave).double(), from_hz, to_hz).numpy()
    found = sinc_resample(wave, from_hz, to_hz)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=3e-6)


@pytest.mark.parametrize("rate_hz", [44101, 15999, 11025])
def test_odd_rates_keep_a_tone(rate_hz):
    seconds = np.arange(rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * 440 * seconds).astype(np.float32)
    found = sinc_resample(tone, rate_hz, 16000)
    assert len(found) == 16000
    expected = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(found[100:-100], expected[100:-100], atol=5e-3)


def test_nothing_stays_nothing_and_axes_are_kept():
    assert len(sinc_resample(np.zeros(0, np.float32), 8000, 16000)) == 0
    wave = np.random.default_rng(0).standard_normal((100, 2)).astype(np.float32)
    found = sinc_resample(wave, 16000, 48000)
    assert found.shape == (300, 2)
    np.testing.assert_array_equal(found[:, 1], sinc_resample(wave[:, 1], 16000, 48000))
