import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.convolution import convolve


@given(samples=st.integers(1, 3000), taps=st.integers(1, 4000))
def test_the_first_samples_of_the_convolution(samples, taps):
    random = np.random.default_rng(samples)
    wave, kernel = random.standard_normal(samples), random.standard_normal(taps)
    np.testing.assert_allclose(convolve(wave, kernel), np.convolve(wave, kernel)[:samples], atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_wave(dtype):
    convolved = convolve(np.ones(40000, dtype), np.array([0.0, 0.5]))
    assert convolved.dtype == dtype
    np.testing.assert_allclose(convolved, np.r_[0, np.full(39999, 0.5)], atol=1e-6)
