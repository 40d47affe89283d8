"""SpeechBERTScore on a tiny mHuBERT: layer, precision, rates, odd files, missing and wrong weights."""

import dataclasses

import numpy as np
import pytest
import soxr
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring.metric import Item, Setup, Unscorable
from espnet_plugin.scoring.speech_bert_score import SpeechBertScore, precision
from tests.scoring.tiny_checkpoints import write_hubert

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_hubert(folder / "mhubert-147")
    return folder


@pytest.fixture(scope="module")
def metric(weights_dir):
    return SpeechBertScore(Setup(weights_dir))


def plain_precision(estimate, reference):
    cosines = [
        [float(e @ r) / float(np.linalg.norm(e) * np.linalg.norm(r)) for r in reference] for e in estimate
    ]
    return sum(max(row) for row in cosines) / len(cosines)


def test_layer_8_of_the_unchanged_wave(weights_dir, metric, speech, noisy):
    clean = speech(0.6)
    item = Item(noisy(clean, 0), 16000, clean)
    network = transformers.HubertModel.from_pretrained(weights_dir / "mhubert-147", local_files_only=True)
    with torch.inference_mode():
        estimate, reference = (
            network(torch.from_numpy(wave)[None], output_hidden_states=True).hidden_states[8][0].numpy()
            for wave in (item.estimate, item.reference)
        )
    (value,) = metric.score(item)
    assert value == pytest.approx(plain_precision(estimate, reference), abs=1e-5)
    assert value < 0.999


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_precision_takes_the_best_reference_frame(frames, reference_frames, seed):
    random = np.random.default_rng(seed)
    estimate, reference = random.standard_normal((frames, 3)), random.standard_normal((reference_frames, 3))
    value = precision(torch.from_numpy(estimate), torch.from_numpy(reference))
    assert value == pytest.approx(plain_precision(estimate, reference), abs=1e-9)
    both = torch.from_numpy(np.concatenate([reference, estimate]))
    assert precision(torch.from_numpy(estimate), both) == pytest.approx(1)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_other_rates_are_resampled(metric, speech, noisy, rate_hz):
    clean = speech(0.5, rate_hz)
    estimate = noisy(clean, 5)
    down, reference = (soxr.resample(wave, rate_hz, 16000) for wave in (estimate, clean))
    assert metric.score(Item(estimate, rate_hz, clean)) == metric.score(Item(down, 16000, reference))


def test_the_level_counts_as_the_wave_is_not_normalised(metric, speech, noisy):
    clean = speech(0.6)
    estimate = noisy(clean, 0)
    loud = Item((4 * estimate).astype(np.float32), 16000, clean)
    assert metric.score(loud) != pytest.approx(metric.score(Item(estimate, 16000, clean)), abs=1e-6)


def test_short_and_silent_files(metric, speech):
    clean = speech(0.3)
    assert metric.score(Item(clean, 16000, clean)) == pytest.approx((1,), abs=1e-6)
    silence = np.zeros(4800, np.float32)
    assert np.isfinite(metric.score(Item(silence, 16000, clean))[0])
    assert metric.score(Item(silence, 16000, silence)) == pytest.approx((1,), abs=1e-6)
    assert np.isfinite(metric.score(Item(clean[:400], 16000, clean[:400]))[0])
    with pytest.raises(Unscorable, match="25 ms"):
        metric.score(Item(clean[:399], 16000, clean[:399]))


def test_missing_and_wrong_weights(tmp_path, weights_dir, monkeypatch):
    missing = SpeechBertScore(Setup(tmp_path)).available()
    assert "config.json is not there" in missing.reason
    assert missing.remedy == "urgent26 weights --fetch SpeechBERTScore"
    assert "is not the file it should be" in SpeechBertScore(Setup(weights_dir)).available().reason
    unpublished = dataclasses.replace(SpeechBertScore.weights, files=())
    monkeypatch.setattr(SpeechBertScore, "weights", unpublished)
    assert SpeechBertScore(Setup(weights_dir)).available() is None
