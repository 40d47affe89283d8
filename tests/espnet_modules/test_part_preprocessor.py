"""Recordings come to the network's rate before anything else happens to them."""

import numpy as np
import pytest

from espnet_plugin.audio.resample import resample
from espnet_plugin.espnet_modules.part_preprocessor import PartPreprocessor
from espnet_plugin.espnet_modules.preprocessor import normalised

pytestmark = pytest.mark.espnet


class Recorder:
    """In place of the challenge's mixtures."""

    def mixture(self, speech, rate_hz, *names):
        self.heard = speech, rate_hz
        return np.flip(speech), speech
        yield


@pytest.mark.parametrize("rate_hz", [16000, 22050, 48000])
def test_mixtures_are_made_at_the_rate_of_the_network(rate_hz):
    wave = np.random.default_rng(0).standard_normal((rate_hz // 2, 2)).astype(np.float32)
    mixer = Recorder()
    preprocess = PartPreprocessor(True, 16000, 16000, mixer)
    segments = preprocess("one", {"speech_ref1": wave, "fs": [rate_hz]})
    expected = resample(wave[:, 0], rate_hz, 16000)  # the first channel, as in the challenge
    np.testing.assert_array_equal(mixer.heard[0], expected)
    assert mixer.heard[1] == 16000
    np.testing.assert_allclose(segments["speech_ref1"][: len(expected)], normalised(expected), atol=1e-6)
    np.testing.assert_allclose(segments["speech_mix"][: len(expected)], normalised(expected)[::-1], atol=1e-6)
    assert all(len(segment) == 16000 and not segment[len(expected) :].any() for segment in segments.values())


def test_pairs_share_place_and_peak():
    time_s = np.arange(44100) / 44100
    clean = np.sin(2 * np.pi * 300 * time_s) * time_s
    preprocess = PartPreprocessor(True, 4800, 48000, seed=1)
    preprocess.peak_range = (0.5, 0.95)
    peaks = set()
    for epoch in (1, 2, 3):
        preprocess.epoch = epoch
        pair = preprocess("one", {"speech_mix": 0.1 * clean, "speech_ref1": clean, "fs": [44100]})
        np.testing.assert_allclose(pair["speech_mix"], pair["speech_ref1"], atol=1e-3)
        peaks.add(float(np.abs(pair["speech_ref1"]).max()))
    assert len(peaks) == 3 and 0.49 < min(peaks) and max(peaks) < 0.96


class Stamping:
    """In place of the challenge's mixtures: what is degraded tells for which epoch."""

    def mixture(self, speech, rate_hz, uid, epoch_name):
        return speech + float(epoch_name.removeprefix("epoch ")), speech
        yield


@pytest.mark.parametrize("mixer", [None, Stamping()])
def test_segments_return_after_as_many_epochs_as_asked(mixer):
    wave = np.random.default_rng(0).standard_normal(48000).astype(np.float32)
    preprocess = PartPreprocessor(True, 4800, 16000, mixer, seed=1)
    preprocess.peak_range = (0.5, 0.95)
    pairs = {}
    for count in (None, 1, 3):
        preprocess.segments_per_recording = count
        for preprocess.epoch in range(1, 7):
            pair = preprocess("one", {"speech_mix": 0.1 * wave, "speech_ref1": wave})
            pairs[count, preprocess.epoch] = b"".join(pair[name].tobytes() for name in sorted(pair))
    for epoch in range(1, 7):
        assert pairs[1, epoch] == pairs[None, 1]
        assert pairs[3, epoch] == pairs[None, (epoch - 1) % 3 + 1]
    assert len({pairs[None, epoch] for epoch in range(1, 7)}) == 6
