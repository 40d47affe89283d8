"""Mel-cepstra against SPTK's recursions, and what the alignment relies on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.scoring import mel_cepstrum
from espnet_plugin.scoring.mel_cepstrum import HOP, PARAMETERS, WINDOW, mel_cepstra
from tests.bench import plain_intrusive


@pytest.mark.parametrize("rate_hz", list(PARAMETERS))
def test_equal_to_the_recursions_at_every_rate(speech, noisy, rate_hz):
    wave = noisy(speech(WINDOW * 4 / rate_hz, rate_hz), 20)
    wave[: WINDOW + HOP] = 0  # digital silence, where only the floor is left
    expected = plain_intrusive.plain_mel_cepstra(wave, rate_hz)
    assert PARAMETERS == plain_intrusive.PARAMETERS
    assert mel_cepstra(wave, rate_hz) == pytest.approx(expected, abs=1e-12)


def test_extreme_spectra():
    time = np.arange(2 * WINDOW)
    waves = {
        "constant": np.full(len(time), 0.5),
        "tone": np.sin(time / 5) + 1e-4 * np.sin(1.3 * time),
        "highest frequency": (-1.0) ** time,
        "impulses": (time % 700 == 3) * 1.0,
        "square": np.sign(np.sin(time / 30)),
        "far beyond full scale": 1e8 * np.sin(time / 9),
    }
    for name, wave in waves.items():
        expected = plain_intrusive.plain_mel_cepstra(wave, 48000)
        assert mel_cepstra(wave, 48000) == pytest.approx(expected, abs=1e-9), name


@given(samples=st.integers(WINDOW, 4 * WINDOW))
def test_whole_frames_only(samples):
    assert mel_cepstra(np.zeros(samples), 16000).shape == ((samples - WINDOW) // HOP + 1, 24)


def test_a_flat_spectrum_has_c0_alone():
    wave = np.zeros(WINDOW)
    wave[WINDOW // 2] = 1
    window = np.hamming(WINDOW)
    power = window[WINDOW // 2] ** 2 / (window @ window) + 1e-6
    expected = np.zeros((1, 40))
    expected[0, 0] = np.log(power) / 2
    assert mel_cepstra(wave, 48000) == pytest.approx(expected, abs=1e-12)


def test_cepstra_do_not_depend_on_the_place_of_their_frame(monkeypatch):
    wave = np.random.default_rng(0).standard_normal(5 * WINDOW)
    whole = mel_cepstra(wave, 16000)
    monkeypatch.setattr(mel_cepstrum, "BLOCK", 3)
    assert np.array_equal(mel_cepstra(wave, 16000), whole)
    for frame in (0, 5, 16):
        part = wave[frame * HOP : frame * HOP + WINDOW]
        assert np.array_equal(mel_cepstra(part, 16000)[0], whole[frame])
