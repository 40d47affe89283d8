"""EmoSim on a tiny emotion2vec: formula, normalisation, rates, odd files, missing weights."""

import dataclasses

import numpy as np
import pytest
import soxr
import torch

from espnet_plugin.scoring.emotion2vec_checkpoint import read_emotion2vec
from espnet_plugin.scoring.emotion_similarity import EmotionSimilarity
from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from tests.scoring.tiny_checkpoints import write_emotion2vec

FILE = "emotion2vec_base/emotion2vec_base.pt"


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_emotion2vec(folder / FILE)
    return folder


@pytest.fixture(scope="module")
def metric(weights_dir):
    return EmotionSimilarity(Setup(weights_dir))


def test_cosine_of_mean_features_of_the_normalised_wave(weights_dir, metric, speech, noisy):
    clean = speech(0.6)
    estimate = noisy(clean, 0)
    network, _ = read_emotion2vec(weights_dir / FILE)
    means = []
    for wave in (estimate, clean):
        normalised = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-5)
        with torch.inference_mode():
            means.append(network(torch.from_numpy(normalised)[None])[0].double().numpy().mean(axis=0))
    cosine = means[0] @ means[1] / np.sqrt((means[0] ** 2).sum() * (means[1] ** 2).sum())
    assert metric.score(Item(estimate, 16000, clean)) == (pytest.approx(cosine, abs=1e-5),)
    assert cosine < 0.9999


def test_a_file_that_wants_waves_as_they_are(tmp_path, metric, speech, noisy):
    write_emotion2vec(tmp_path / FILE, normalize=False)
    clean = speech(0.6)
    item = Item(noisy(clean, 0), 16000, clean)
    assert EmotionSimilarity(Setup(tmp_path)).score(item) != pytest.approx(metric.score(item), abs=1e-6)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_other_rates_are_resampled(metric, speech, noisy, rate_hz):
    clean = speech(0.5, rate_hz)
    estimate = noisy(clean, 5)
    down, reference = (soxr.resample(wave, rate_hz, 16000) for wave in (estimate, clean))
    assert metric.score(Item(estimate, rate_hz, clean)) == metric.score(Item(down, 16000, reference))


def test_short_and_silent_files(metric, speech):
    clean = speech(0.3)
    silence = np.zeros(4800, np.float32)
    assert metric.score(Item(clean, 16000, clean)) == pytest.approx((1,), abs=1e-6)
    assert metric.score(Item(silence, 16000, silence)) == pytest.approx((1,), abs=1e-6)
    assert np.isfinite(metric.score(Item(silence, 16000, clean))[0])
    assert np.isfinite(metric.score(Item(clean[:400], 16000, clean[:400]))[0])
    with pytest.raises(Unscorable, match="25 ms"):
        metric.score(Item(clean[:399], 16000, clean[:399]))


def test_missing_and_wrong_weights(tmp_path, weights_dir, monkeypatch):
    missing = EmotionSimilarity(Setup(tmp_path)).available()
    assert "emotion2vec_base.pt is not there" in missing.reason
    assert missing.remedy == "urgent26 weights --fetch EmoSim"
    assert "is not the file it should be" in EmotionSimilarity(Setup(weights_dir)).available().reason
    monkeypatch.setattr(
        EmotionSimilarity, "weights", dataclasses.replace(EmotionSimilarity.weights, files=())
    )
    assert EmotionSimilarity(Setup(weights_dir)).available() is None
