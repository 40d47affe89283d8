"""DNSMOS: official values, windows, and files the wrapper package would refuse."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio.read import read_audio
from espnet_plugin.scoring import dnsmos
from espnet_plugin.scoring.dnsmos import Dnsmos, windows
from espnet_plugin.scoring.metric import Item, Unscorable

OVERALL = {
    "vctk_demand/noisy/p232_005.wav": 2.50768,
    "vctk_demand/clean/p232_005.wav": 3.39572,
    "vctk_demand/noisy/p232_013.wav": 2.55446,
    "vctk_demand/clean/p232_013.wav": 3.33921,
    "vctk_demand/noisy/p232_095.wav": 2.37195,
    "urgent26/noisy/fileid_210.flac": 1.46135,
    "urgent26/enh/fileid_210.flac": 2.95529,
    "urgent26/clean/fileid_210.flac": 2.75769,
    "urgent26/noisy/fileid_295.wav": 1.75017,
    "urgent26/enh/fileid_295.wav": 2.14750,
    "urgent26/clean/fileid_295.wav": 2.87460,
    "urgent26/noisy/fileid_49.flac": 1.30455,
    "urgent26/enh/fileid_49.flac": 2.99639,
    "urgent26/clean/fileid_49.flac": 3.18817,
}


@pytest.fixture(scope="module")
def metric():
    return Dnsmos()


@pytest.mark.parametrize("path", list(OVERALL))
def test_values_of_the_official_script(shared, metric, path):
    wave, rate_hz = read_audio(shared / "audio" / path)
    assert metric.score(Item(wave[:, 0], rate_hz))[0] == pytest.approx(OVERALL[path], abs=1e-4)


@given(samples=st.integers(1, 16000 * 16))
def test_windows_are_9_01_s_every_second(samples):
    wave = np.arange(samples, dtype=np.float32)
    cut = windows(wave)
    total = samples
    while total < 144160:
        total *= 2
    # The eighth and ninth window fall to the official script's rounding.
    assert len(cut) == min(7, max(1, total // 16000 - 9))
    assert {len(window) for window in cut} == {144160}
    for number, window in enumerate(cut):
        assert window[0] == (number * 16000) % samples


def test_samples_beyond_full_scale_are_scored(speech, metric):
    loud = 3 * speech(9.1) / np.abs(speech(9.1)).max()
    values = metric.score(Item(loud, 16000))
    assert len(values) == 3 and all(1 < value < 5 for value in values)


def test_empty_file_has_no_value(metric):
    with pytest.raises(Unscorable, match="empty"):
        metric.score(Item(np.zeros(0, np.float32), 16000))


def test_the_model_is_the_official_one_and_another_is_reported(tmp_path, monkeypatch, metric):
    assert metric.available() is None
    assert hashlib.sha256(dnsmos.model_path().read_bytes()).hexdigest() == dnsmos.SHA256
    (tmp_path / "sig_bak_ovr.onnx").write_bytes(b"something else")
    monkeypatch.setattr(dnsmos, "model_path", lambda: tmp_path / "sig_bak_ovr.onnx")
    assert "not the official one" in metric.available().reason


def test_missing_packages_are_named_with_the_command(monkeypatch, metric):
    monkeypatch.setattr(dnsmos.importlib.util, "find_spec", lambda _name: None)
    missing = metric.available()
    assert "speechmos is not installed" in missing.reason and missing.remedy.startswith("pip install")
