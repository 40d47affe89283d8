import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.reverberation import reverberate


def test_a_lone_impulse_changes_nothing():
    wave = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    np.testing.assert_allclose(reverberate(wave, np.array([1.0])), wave, atol=1e-6)


def test_delay_and_level_of_the_response_are_kept():
    wave = np.random.default_rng(0).standard_normal(3000)
    response = np.zeros(50)
    response[[7, 20]] = 0.5, -0.25
    expected = 0.5 * np.pad(wave, (7, 0))[:3000] - 0.25 * np.pad(wave, (20, 0))[:3000]
    np.testing.assert_allclose(reverberate(wave, response), expected, atol=1e-12)


@given(samples=st.integers(0, 3000), response_samples=st.integers(1, 3000))
def test_it_is_the_convolution_cut_to_length(samples, response_samples):
    random = np.random.default_rng(samples)
    wave, response = random.standard_normal(samples), random.standard_normal(response_samples)
    result = reverberate(wave, response)
    assert len(result) == samples
    if samples:
        np.testing.assert_allclose(result, np.convolve(wave, response)[:samples], atol=1e-9)


def test_an_empty_response_is_refused():
    with pytest.raises(ValueError, match="no samples"):
        reverberate(np.ones(5), np.ones(0))
