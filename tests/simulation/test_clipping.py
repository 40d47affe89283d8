import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.clipping import clip


def test_by_hand():
    wave = np.arange(101) / 100 - 0.5  # quantile q is the value q - 0.5
    clipped = clip(wave, 0.1, 0.95)
    assert clipped.min() == pytest.approx(-0.4) and clipped.max() == pytest.approx(0.45)
    inside = slice(10, 96)
    np.testing.assert_allclose(clipped[inside], wave[inside])


def test_a_quantile_lies_between_two_samples():
    # Places 0 to 4 in rising order; quantile 0.1 is place 0.4: 2 + 0.4 * (4 - 2).
    clipped = clip(np.array([10.0, 2.0, 8.0, 4.0, 6.0]), 0.1, 0.9)
    np.testing.assert_allclose(clipped, [9.2, 2.8, 8.0, 4.0, 6.0])


@given(samples=st.integers(1, 500), low=st.floats(0, 0.5), high=st.floats(0.5, 1))
def test_limits_are_those_of_numpy(samples, low, high):
    wave = np.random.default_rng(samples).standard_normal(samples)
    expected = np.clip(wave, *np.quantile(wave, [low, high]))
    np.testing.assert_allclose(clip(wave, low, high), expected, rtol=1e-12)


@given(samples=st.integers(0, 500), low=st.floats(0, 0.1), high=st.floats(0.9, 1))
def test_limits_are_quantiles_and_the_order_of_samples_stays(samples, low, high):
    wave = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    clipped = clip(wave, low, high)
    assert clipped.shape == wave.shape and clipped.dtype == wave.dtype
    assert np.count_nonzero(clipped != wave) <= np.ceil((low + 1 - high) * samples) + 2
    assert np.all(np.diff(clipped[np.argsort(wave)]) >= 0)


def test_the_widest_quantiles_change_nothing():
    wave = np.random.default_rng(0).standard_normal(99)
    assert np.array_equal(clip(wave, 0, 1), wave)


@pytest.mark.parametrize("low, high", [(0.6, 0.4), (-0.1, 1), (0, 1.1)])
def test_bad_quantiles(low, high):
    with pytest.raises(ValueError, match="quantiles"):
        clip(np.ones(5), low, high)
