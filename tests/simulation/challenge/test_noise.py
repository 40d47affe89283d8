import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.simulation.active_power import active_power
from espnet_plugin.simulation.challenge.noise import draw_start, scaled, stretch


@given(noise_samples=st.integers(1, 300), samples=st.integers(1, 300), seed=st.integers(0, 99))
def test_a_stretch_has_the_wanted_length_and_follows_the_noise(noise_samples, samples, seed):
    noise = np.arange(noise_samples)
    start = draw_start(noise_samples, samples, np.random.default_rng(seed))
    found = stretch(noise, start, samples)
    assert len(found) == samples
    here = noise[max(start, 0) :][:samples]
    np.testing.assert_array_equal(found[max(-start, 0) :][: len(here)], here)
    if samples <= 2 * noise_samples:
        np.testing.assert_array_equal(found, (start + np.arange(samples)) % noise_samples)


def test_copies_of_copies():
    # Four samples, and 3 before and 9 after them: first 123 0123 0123, then five of those eleven after it.
    found = stretch(np.arange(4), -3, 16)
    assert "".join(map(str, found)) == "1230123012312301"


def test_all_starts_of_a_long_noise_but_the_last_are_drawn():
    random = np.random.default_rng(0)
    assert {draw_start(13, 10, random) for _ in range(100)} == {0, 1, 2}
    assert draw_start(10, 10, None) == 0


@given(snr_db=st.floats(-10, 20))
def test_the_ratio_counts_active_samples(snr_db):
    random = np.random.default_rng(0)
    speech, noise = random.standard_normal(9000), 1e-3 * random.standard_normal(9000)
    speech[2000:6000] = 0
    ratio_db = 10 * np.log10(active_power(speech) / active_power(scaled(noise, speech, snr_db)))
    assert ratio_db == pytest.approx(snr_db)


def test_silent_noise_stays_silent():
    assert not scaled(np.zeros(5000), np.ones(5000), 0.0).any()
