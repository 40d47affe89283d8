"""Mixtures made while training: at any rate, the same for the same seed, epoch and utterance."""

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.ffmpeg import alone
from espnet_plugin.simulation.challenge.fresh_mixer import FreshMixer, FreshPool
from espnet_plugin.simulation.sources import Source

RATES_HZ = (8000, 16000, 48000)


@pytest.fixture
def corpus(tmp_path):
    random = np.random.default_rng(0)
    for kind, seconds in (("noise", 2), ("wind_noise", 2), ("rirs", 0.2)):
        lines = []
        for rate_hz in RATES_HZ if kind != "rirs" else (48000,):
            wave = random.standard_normal(round(seconds * rate_hz))
            if kind == "rirs":
                wave *= np.exp(-np.arange(len(wave)) / 1000)
            write_audio(tmp_path / f"{kind}{rate_hz}.flac", 0.5 * wave / np.abs(wave).max(), rate_hz)
            lines.append(f"{kind}{rate_hz} {rate_hz} {kind}{rate_hz}.flac\n")
        (tmp_path / f"{kind}.scp").write_text("".join(lines))
    (tmp_path / "speech.scp").write_text("x 48000 noise48000.flac\n")
    return tmp_path


@pytest.fixture
def config(repository):
    return repository / "conf" / "simulate" / "urgent26_train.yaml"


def speech(rate_hz, seconds=0.5):
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * 300 * time_s) * np.hanning(len(time_s))).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_any_rate(corpus, config, rate_hz):
    mixer = FreshMixer(config, corpus, seed=1)
    wave = speech(rate_hz)
    mixtures = [alone(mixer.mixture(wave, rate_hz, "uid", f"epoch {number}")) for number in range(12)]
    for noisy, clean in mixtures:
        assert noisy.shape == clean.shape == wave.shape and noisy.dtype == np.float32
        assert np.isfinite(noisy).all() and 0 < np.abs(clean).max() <= 0.9001
    assert len({noisy.tobytes() for noisy, _ in mixtures}) == 12
    again = alone(FreshMixer(config, corpus, seed=1).mixture(wave, rate_hz, "uid", "epoch 7"))
    np.testing.assert_array_equal(again[0], mixtures[7][0])
    other = alone(FreshMixer(config, corpus, seed=2).mixture(wave, rate_hz, "uid", "epoch 7"))
    assert not np.array_equal(other[0], mixtures[7][0])


def test_without_wind_and_rooms(corpus, repository, tmp_path):
    (corpus / "wind_noise.scp").unlink()
    (corpus / "rirs.scp").write_text("")
    plain = tmp_path / "plain.yaml"
    base = repository / "conf" / "simulate" / "urgent26_train.yaml"
    counts = "num_augmentations: {0: 1.0, 1: 0.0, 2: 0.0, 3: 0.0}"
    plain.write_text(f"base: {base}\n{counts}\nprob_wind_noise: 1.0\n")
    wave = speech(16000)
    noisy, clean = alone(FreshMixer(plain, corpus).mixture(wave, 16000, "uid"))
    # High-pass and gain are all that happens to the target: in the middle it still is the tone.
    gain = np.abs(clean).max() / np.abs(wave).max()
    np.testing.assert_allclose(clean[2000:6000], gain * wave[2000:6000], atol=0.03 * np.abs(clean).max())
    assert np.std(noisy - clean) > 1e-3


def test_no_noise_is_an_error(corpus, config):
    (corpus / "noise.scp").write_text("")
    with pytest.raises(UserError, match="has no noise"):
        FreshMixer(config, corpus)


def test_draws_from_the_same_or_a_higher_rate(tmp_path):
    pool = FreshPool({f"n{rate_hz}": Source(f"n{rate_hz}", rate_hz, tmp_path) for rate_hz in RATES_HZ})
    random = np.random.RandomState(0)
    assert {pool.draw(random, 16000) for _ in range(9)} == {"n16000"}
    assert {pool.draw(random, 24000) for _ in range(9)} == {"n48000"}
    assert {pool.draw(random, 4000) for _ in range(99)} == {"n8000", "n16000", "n48000"}
    assert pool.draw(random, 96000) is None
