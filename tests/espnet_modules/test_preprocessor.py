"""Segments: own peaks, one place for both, resampled, padded at the end, the same in every validation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet


def preprocessor(train=True, segment_samples=100):
    from espnet_plugin.espnet_modules.preprocessor import RestorationPreprocessor

    return RestorationPreprocessor(train, segment_samples)


def pair(samples, degraded_gain=0.5):
    clean = np.arange(1, samples + 1, dtype=np.float64)
    return {"speech_mix": degraded_gain * clean, "speech_ref1": clean}


@given(st.integers(1, 400), st.booleans())
def test_both_are_cut_at_the_same_place(samples, train):
    segments = preprocessor(train)("uid", pair(samples))
    degraded, clean = segments["speech_mix"], segments["speech_ref1"]
    assert degraded.shape == clean.shape == (100,)
    assert degraded.dtype == np.float32
    # A ramp tells the place: one step per sample, the peak of the whole recording is 1.
    np.testing.assert_allclose(degraded, clean, atol=1e-6)
    cut = min(samples, 100)
    np.testing.assert_allclose(np.diff(clean[:cut]), 1 / samples, atol=1e-6)
    assert not clean[cut:].any()


def test_training_moves_and_validation_stays():
    train, valid = preprocessor(True), preprocessor(False)
    places = []
    for train.epoch in range(1, 9):
        # Within an epoch the place is fixed: it must not depend on who asks, and when.
        assert len({train("uid", pair(900))["speech_ref1"][0] for _ in range(3)}) == 1
        places.append(train("uid", pair(900))["speech_ref1"][0])
    assert len(set(places)) > 4
    places = [{valid(uid, pair(900))["speech_ref1"][0] for _ in range(3)} for uid in ("a", "b", "c")]
    assert all(len(place) == 1 for place in places)
    assert len(set.union(*places)) > 1


def test_other_rates_are_resampled():
    time_s = np.arange(4800) / 48000
    wave = np.sin(2 * np.pi * 1000 * time_s)
    data = {"speech_mix": wave, "speech_ref1": wave, "fs": np.array([48000])}
    segments = preprocessor(False, 1600)("uid", data)
    spectrum = np.abs(np.fft.rfft(segments["speech_ref1"]))
    assert spectrum.argmax() == 100  # 1000 Hz in 0.1 s
    assert set(segments) == {"speech_mix", "speech_ref1"}


def test_channels_are_averaged():
    stereo = np.stack((np.ones(50), np.zeros(50)), axis=1)
    segment = preprocessor()("uid", {"speech_mix": stereo})["speech_mix"]
    np.testing.assert_allclose(segment[:50], 1.0)


def test_silence_is_left_alone():
    segments = preprocessor()("uid", {"speech_mix": np.zeros(200), "speech_ref1": np.zeros(200)})
    assert not any(segment.any() for segment in segments.values())


@pytest.mark.parametrize("samples", [(100, 101), (0, 0)])
def test_unequal_or_empty_recordings_are_named(samples):
    data = {"speech_mix": np.ones(samples[0]), "speech_ref1": np.ones(samples[1])}
    with pytest.raises(UserError, match="utt7.*equal lengths"):
        preprocessor()("utt7", data)
