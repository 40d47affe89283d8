"""SI-SDR by hand and by its invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring.metric import Item, Unscorable
from espnet_plugin.scoring.si_sdr import SiSdr, si_sdr_db


def test_hand_worked():
    # <e, r> = 6, <r, r> = 4, so a = 1.5 and the target is (3, 0); what is left is (0, 1): 10 log10(9 / 1).
    assert si_sdr_db(np.array([2.0, 0.0]), np.array([3.0, 1.0])) == pytest.approx(10 * np.log10(9))


def test_the_mean_is_not_removed():
    # With the mean removed both would be (-0.5, 0.5), a perfect match. As it is: <e, r> = 8, <r, r> = 5,
    # a = 1.6, the target is (1.6, 3.2) and the rest (0.4, -0.2).
    assert si_sdr_db(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(10 * np.log10(12.8 / 0.2))


@given(gain=st.floats(0.001, 1000), sign=st.sampled_from([-1, 1]), snr_db=st.floats(-30, 40))
def test_gain_of_either_side_changes_nothing_and_orthogonal_noise_gives_its_snr(gain, sign, snr_db):
    random = np.random.default_rng(0)
    reference = random.standard_normal(4000)
    noise = random.standard_normal(4000)
    noise -= (noise @ reference) / (reference @ reference) * reference
    noise *= np.sqrt((reference @ reference) / (noise @ noise)) * 10 ** (-snr_db / 20)
    assert si_sdr_db(reference, sign * gain * (reference + noise)) == pytest.approx(snr_db, abs=1e-6)
    assert si_sdr_db(gain * reference, reference + noise) == pytest.approx(snr_db, abs=1e-6)


def test_copies_and_unrelated_signals_are_finite():
    assert si_sdr_db(np.array([1.0, 0.0]), np.array([2.0, 0.0])) == 100
    assert si_sdr_db(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == -100


@pytest.mark.parametrize("silent", ["estimate", "reference"])
def test_silence_has_no_value(silent):
    waves = {"estimate": np.ones(10, np.float32), "reference": np.ones(10, np.float32)}
    waves[silent] = np.zeros(10, np.float32)
    with pytest.raises(Unscorable, match=f"the {silent} is silent"):
        SiSdr().score(Item(rate_hz=16000, **waves))
