"""Whole recordings: shape, rate, level, silence, windows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.enhance.semamba_pp_enhancer import SEMambaPPEnhancer
from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.network import SEMambaPP
from tests.semamba_pp.test_restoration import Unchanged


@pytest.fixture(scope="module")
def toy():
    torch.manual_seed(0)
    return SEMambaPPEnhancer(SEMambaPP(channels=4, blocks=1, dense_depth=1, state_size=2), device="cpu")


def noise(*shape, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@settings(max_examples=15)
@given(
    samples=st.integers(0, 9000),
    channels=st.sampled_from([None, 1, 2]),
    rate_hz=st.sampled_from([8000, 11025, 16000, 22050, 48000]),
)
def test_shape_and_finiteness(toy, samples, channels, rate_hz):
    wave = noise(samples) if channels is None else noise(samples, channels)
    cleaned = toy.enhance(wave, rate_hz)
    assert cleaned.shape == wave.shape
    assert cleaned.dtype == np.float32
    assert np.isfinite(cleaned).all()


@settings(max_examples=10)
@given(samples=st.integers(1, 60000), channels=st.sampled_from([1, 2]), window_s=st.sampled_from([0.5, 1.0]))
def test_an_idle_network_gives_the_recording_back_through_all_windows(samples, channels, window_s):
    enhancer = SEMambaPPEnhancer(Unchanged(), device="cpu", window_s=window_s, overlap_s=0.1)
    wave = noise(samples, channels)
    np.testing.assert_allclose(enhancer.enhance(wave, 16000), wave, atol=2e-5)


def test_resampled_recordings_stay_aligned():
    """A 300 Hz tone at 44.1 kHz comes back in phase and at its level."""
    rate_hz = 44100
    tone = np.sin(2 * np.pi * 300 * np.arange(rate_hz) / rate_hz).astype(np.float32) * 0.5
    cleaned = SEMambaPPEnhancer(Unchanged(), device="cpu").enhance(tone, rate_hz)
    middle = slice(2000, -2000)
    np.testing.assert_allclose(cleaned[middle], tone[middle], atol=1e-3)


def test_channels_are_independent(toy):
    wave = noise(5000, 2)
    both = toy.enhance(wave, 16000)
    np.testing.assert_allclose(both[:, 1], toy.enhance(wave[:, 1], 16000), atol=1e-5)


def test_silence_stays_silent(toy):
    assert not toy.enhance(np.zeros(5000, np.float32), 16000).any()


def test_bfloat16_on_cpus_rounds_more_and_leaves_float32_as_it_is():
    torch.manual_seed(0)
    network, wave = SEMambaPP(channels=16, blocks=1).eval(), noise(8000)
    precise, rough = (SEMambaPPEnhancer(network, device="cpu", dtype=dtype) for dtype in ("float32", "bfloat16"))
    before, rounded, after = (model.enhance(wave, 16000) for model in (precise, rough, precise))
    np.testing.assert_array_equal(before, after)
    assert 1e-8 < np.linalg.norm(rounded - before) / np.linalg.norm(before) < 10 ** (-35 / 20)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_samples_are_refused(toy, bad):
    wave = noise(100)
    wave[50] = bad
    with pytest.raises(UserError, match="NaN or infinite"):
        toy.enhance(wave, 16000)


def test_a_cube_is_no_recording(toy):
    with pytest.raises(UserError, match="shape"):
        toy.enhance(np.zeros((2, 2, 2)), 16000)
