"""Synthetic speech-like signals and small sets of files."""

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio


def make_speech(seconds: float, rate_hz: int, seed: int) -> np.ndarray:
    """Harmonics of a gliding pitch in syllables of a quarter second, with pauses; float32."""
    random = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    pitch_hz = 140 + 30 * np.sin(2 * np.pi * 0.7 * time_s + random.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    wave = sum(np.sin(k * phase) / k for k in range(1, min(20, rate_hz // 400)))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time_s + random.uniform(0, 6)), 0, None)
    return (0.2 * wave * syllables).astype(np.float32)


@pytest.fixture
def speech():
    """`speech(seconds=2.0, rate_hz=16000, seed=0)`: a clean wave."""

    def make(seconds=2.0, rate_hz=16000, seed=0):
        return make_speech(seconds, rate_hz, seed)

    return make


@pytest.fixture
def noisy(speech):
    """`noisy(clean, snr_db, seed=0)`: the wave plus white noise."""

    def add(clean, snr_db, seed=0):
        noise = np.random.default_rng(seed).standard_normal(len(clean))
        gain = np.sqrt((clean @ clean) / (noise @ noise) * 10 ** (-snr_db / 10))
        return (clean + gain * noise).astype(np.float32)

    return add


@pytest.fixture
def sets(tmp_path, speech, noisy):
    """Folders `clean`, `noisy` (0 dB), `enhanced` (10 dB) with the files a, b, c of 1.5 s at 16 kHz."""
    for number, name in enumerate("abc"):
        clean = speech(1.5, seed=number)
        for side, wave in {"clean": clean, "noisy": noisy(clean, 0), "enhanced": noisy(clean, 10)}.items():
            write_audio(tmp_path / side / f"{name}.wav", wave, 16000)
    return tmp_path
