import numpy as np
import pytest

from espnet_plugin.simulation.active_power import active_power
from espnet_plugin.simulation.augmentation import Augmentation, format_augmentations, parse_augmentations
from espnet_plugin.simulation.mixture import common_gain, degrade
from espnet_plugin.simulation.reverberation import reverberate

TEXT = (
    "clipping(min=0.05,max=0.93)/"
    "lowpass(type=elliptic,order=4,cutoff_hz=3000.0,ripple_db=1.0,stopband_db=40.0)/"
    "bandwidth_limitation-kaiser_best->6000"
)


def test_text_and_augmentations_are_the_same_thing():
    augmentations = parse_augmentations(TEXT)
    assert [a.name for a in augmentations] == ["clipping", "lowpass", "bandwidth_limitation"]
    assert augmentations[0].parameters == {"min": 0.05, "max": 0.93}
    assert augmentations[2].parameters == {"method": "kaiser_best", "rate_hz": 6000}
    assert format_augmentations(augmentations) == TEXT
    assert parse_augmentations(format_augmentations([])) == ()


@pytest.mark.parametrize("text", ["", "codec(format=mp3)", "clipping(min=0.1)", "bandwidth_limitation-scipy"])
def test_unknown_text_is_refused(text):
    with pytest.raises(ValueError, match="augmentation|clipping"):
        parse_augmentations(text)


def test_the_ratio_counts_reverberant_speech():
    random = np.random.default_rng(0)
    speech, noise = random.standard_normal(20000), random.standard_normal(30000)
    response = np.r_[1.0, random.standard_normal(400)]
    wave = degrade(speech, 16000, response=response, noise=noise, snr_db=5.0, noise_position=0.5)
    reverberant = reverberate(speech, response)
    assert 10 * np.log10(active_power(reverberant) / active_power(wave - reverberant)) == pytest.approx(5)


def test_augmentations_come_last_and_in_order():
    speech = np.random.default_rng(0).standard_normal(8000)
    noise = np.random.default_rng(1).standard_normal(8000)
    clip = Augmentation("clipping", {"min": 0.1, "max": 0.9})
    filter_ = Augmentation("lowpass", {"type": "butterworth", "order": 4, "cutoff_hz": 1000.0})
    mixed = degrade(speech, 16000, noise=noise, snr_db=0)
    expected = filter_.apply(clip.apply(mixed, 16000), 16000)
    np.testing.assert_array_equal(degrade(speech, 16000, None, noise, 0, 0.0, [clip, filter_]), expected)
    assert not np.allclose(degrade(speech, 16000, None, noise, 0, 0.0, [filter_, clip]), expected)


def test_nothing_asked_nothing_done():
    speech = np.random.default_rng(0).standard_normal(100)
    assert np.array_equal(degrade(speech, 16000), speech)


def test_common_gain_only_where_needed():
    assert common_gain(np.array([0.5]), np.array([-0.9])) == 1.0
    assert common_gain(np.array([0.5]), np.array([-1.8])) == pytest.approx(0.5)
    assert common_gain(np.zeros(0)) == 1.0
