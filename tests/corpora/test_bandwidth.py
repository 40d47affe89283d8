import gzip
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.corpora import bandwidth
from espnet_plugin.corpora.bandwidth import (
    RATES_HZ,
    effective_bandwidth_hz,
    matching_rate_hz,
    read_bandwidths,
)
from espnet_plugin.errors import UserError


def limited(samples, rate_hz, cutoff_hz, channels=1):
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal((samples, channels)), axis=0)
    spectrum[np.fft.rfftfreq(samples, 1 / rate_hz) > cutoff_hz] = 0
    # Faded, since an edge would have all frequencies.
    return (np.fft.irfft(spectrum, samples, axis=0) * np.hanning(samples)[:, None]).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("channels", [1, 2])
def test_equals_torch(rate_hz, channels):
    wave = limited(rate_hz // 3 + 17, rate_hz, 0.3 * rate_hz, channels)
    window = int(0.032 * rate_hz)
    spectra = torch.stft(
        torch.from_numpy(wave.T.astype(np.float64)),
        window,
        int(0.016 * rate_hz),
        window=torch.hann_window(window, dtype=torch.float64),
        return_complex=True,
    )
    power = spectra.abs().square().mean(dim=2)
    above = power.min(dim=0).values > power.max(dim=1).values.min() * 1e-5
    expected = float(above.nonzero()[-1]) * rate_hz / window
    assert effective_bandwidth_hz(wave, rate_hz) == pytest.approx(expected, abs=1e-9)
    assert expected == pytest.approx(0.3 * rate_hz, rel=0.1)


@given(st.integers(1, 3000), st.sampled_from((8000, 11025, 22050, 44100, 96000)))
def test_any_length_and_rate(samples, rate_hz):
    wave = np.random.default_rng(samples).standard_normal((samples, 1)).astype(np.float32)
    assert 0 <= effective_bandwidth_hz(wave, rate_hz) <= rate_hz / 2


def test_long_recordings_are_cut_into_pieces(monkeypatch):
    wave = limited(3 * 8000, 8000, 1000)
    whole = effective_bandwidth_hz(wave, 8000)
    monkeypatch.setattr(bandwidth, "FRAMES_AT_ONCE", 7)
    assert effective_bandwidth_hz(wave, 8000) == whole == pytest.approx(1000, abs=200)


def test_silence_has_none():
    assert effective_bandwidth_hz(np.zeros((1000, 1), np.float32), 16000) is None


@pytest.mark.parametrize(
    "bandwidth_hz, rate_hz",
    [(0, 8000), (4000, 8000), (4001, 16000), (11025, 22050), (11026, 24000), (24000, 48000), (48000, 48000)],
)
def test_the_rate_that_just_holds_it(bandwidth_hz, rate_hz):
    assert matching_rate_hz(bandwidth_hz) == rate_hz


def test_lists_that_the_challenge_brings(tmp_path):
    (tmp_path / "fma").mkdir()
    table = {"000002": ["./fma/fma_medium/000/000002.mp3", 15968.75]}
    (tmp_path / "fma" / "fma_noise.json.gz").write_bytes(gzip.compress(json.dumps(table).encode()))
    (tmp_path / "fma" / "more.json").write_text(json.dumps({"any": ["common_voice_de_1.mp3", 4000]}))
    found = read_bandwidths(tmp_path, "fma/*.json.gz")
    assert found == {"000002": 15968.75, "common_voice_de_1": 4000.0}
    assert read_bandwidths(None, "fma/*.json.gz") == read_bandwidths(tmp_path, "") == {}
    (tmp_path / "fma" / "broken.json.gz").write_bytes(b"no gzip")
    with pytest.raises(UserError, match="broken.json.gz is no list of bandwidths"):
        read_bandwidths(tmp_path, "fma/*.json.gz")
