import sys
from types import SimpleNamespace

import numpy as np
import pytest

from espnet_plugin.corpora import filters
from espnet_plugin.errors import UserError


@pytest.fixture
def detector(monkeypatch):
    """WebRTC's detector, replaced by one that takes loud frames for speech, and its calls."""
    calls = []

    class Vad:
        def __init__(self, mode):
            assert mode == 2

        def is_speech(self, frame, rate_hz):
            calls.append((len(frame) // 2, rate_hz))
            return np.abs(np.frombuffer(frame, "<i2")).max() > 1000

    monkeypatch.setitem(sys.modules, "webrtcvad", SimpleNamespace(Vad=Vad, __spec__=None))
    return calls


@pytest.mark.parametrize(
    "rate_hz, known_hz", [(8000, 8000), (22050, 16000), (24000, 16000), (32000, 32000), (44100, 48000)]
)
def test_share_of_speech(detector, rate_hz, known_hz):
    wave = np.zeros(2 * rate_hz, np.float32)
    wave[: rate_hz // 2] = 0.5
    assert filters.speech_share(wave, rate_hz) == pytest.approx(0.25, abs=0.01)
    assert set(detector) == {(known_hz // 100, known_hz)}


def test_a_rest_is_judged_with_what_is_before_it(detector):
    wave = np.zeros(250, np.float32)
    wave[200] = 0.5  # in the rest of 10 samples and, a little before, in none of the whole frames
    wave[245] = 0.5
    assert filters.speech_share(wave[:240], 8000) == pytest.approx(80 / 240)
    assert filters.speech_share(wave, 8000) == pytest.approx((80 + 10) / 250)
    assert filters.speech_share(wave[:50], 8000) == 0  # below one frame


def test_verdicts(detector, monkeypatch):
    wave = np.zeros(8000, np.float32)
    assert filters.verdict(wave, 8000, ()) == ""
    assert "only 0 % of it is speech" == filters.verdict(wave, 8000, ("speech",))
    metric = SimpleNamespace(
        columns=[SimpleNamespace(name="DNSMOS_OVRL"), SimpleNamespace(name="DNSMOS_BAK")],
        score=lambda item: (4.0, float(item.estimate[0])),
    )
    monkeypatch.setattr(filters, "_dnsmos", lambda: metric)
    wave[:] = 2.5
    assert filters.verdict(wave, 8000, ("speech", "background")) == "background noise (DNSMOS BAK 2.50)"
    wave[:] = 3
    assert filters.verdict(wave, 8000, ("speech", "background")) == ""


def test_missing_packages_are_named(monkeypatch):
    filters.check_tools(())
    monkeypatch.setattr(filters.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install webrtcvad-wheels"):
        filters.check_tools(("speech", "background"))
    with pytest.raises(UserError, match="score"):
        filters.check_tools(("background",))
