"""MCD: the plain formula, level and polarity, and files that have no value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring.mcd import Mcd, mcd_db
from espnet_plugin.scoring.metric import Item, Unscorable
from tests.bench.plain_intrusive import plain_mcd


@pytest.mark.parametrize("rate_hz", [8000, 44100])
def test_equal_to_the_plain_formula(speech, noisy, rate_hz):
    clean = speech(0.3, rate_hz)
    for degraded in (noisy(clean, 5), np.roll(clean, 3000), np.where(noisy(clean, 5) > 0.05, 0.05, 0)):
        expected = plain_mcd(clean, degraded, rate_hz)
        assert mcd_db(clean, degraded, rate_hz) == pytest.approx(expected, abs=1e-9)


@given(gain=st.floats(0.05, 20), sign=st.sampled_from([-1, 1]))
def test_level_and_polarity_cost_nothing(gain, sign):
    reference, noise = np.random.default_rng(0).standard_normal((2, 6000))
    estimate = reference + 0.5 * noise
    assert mcd_db(reference, sign * gain * reference, 16000) == pytest.approx(0, abs=1e-6)
    expected = mcd_db(reference, estimate, 16000)
    assert mcd_db(reference, sign * gain * estimate, 16000) == pytest.approx(expected, rel=1e-6)


def test_hand_worked():
    # An impulse has a flat spectrum, so c0 alone counts: half the logarithm of the power. A second one of the
    # estimate lies behind the only frame, so that the scaling of both halves the first.
    reference, estimate = np.zeros(1100), np.zeros(1100)
    reference[512] = 1.0
    estimate[[512, 1050]] = 1.0
    window = np.hamming(1024)
    power = window[512] ** 2 / (window @ window)
    c0_apart = 0.5 * np.log((power + 1e-6) / (power / 4 + 1e-6))
    expected = 10 / np.log(10) * np.sqrt(2) * c0_apart
    assert mcd_db(reference, estimate, 16000) == pytest.approx(expected, rel=1e-6)


def test_silent_estimate_is_bad_not_missing(speech):
    clean = speech(1.0)
    assert 5 < Mcd().score(Item(np.zeros_like(clean), 16000, clean))[0] < 50


@pytest.mark.parametrize(
    ("samples", "rate_hz", "level", "words"),
    [(1023, 16000, 1, "1024 samples"), (0, 16000, 1, "1024 samples"), (4000, 11025, 1, "not for 11025"),
     (4000, 16000, 0, "reference is silent")],
)  # fmt: skip
def test_files_without_a_value_say_why(samples, rate_hz, level, words):
    wave = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    with pytest.raises(Unscorable, match=words):
        Mcd().score(Item(wave, rate_hz, level * wave))
    if samples == 1023:
        longer = np.append(wave, wave[:1])
        assert Mcd().score(Item(longer, rate_hz, longer))[0] == pytest.approx(0, abs=1e-6)
