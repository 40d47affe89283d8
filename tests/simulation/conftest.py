"""A corpus of short synthetic recordings, made with numpy alone."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from espnet_plugin.audio.write import write_audio

CONFIGS = Path(__file__).resolve().parents[2] / "conf" / "simulate"


def speech_like(samples, rate_hz, seed):
    """Harmonics with pauses: it has active and silent frames, and content at high frequencies."""
    random = np.random.default_rng(seed)
    time_s = np.arange(samples) / rate_hz
    wave = sum(np.sin(2 * np.pi * 140 * k * time_s + random.uniform(0, 6)) / k for k in range(1, 50))
    wave = wave + 0.1 * random.standard_normal(samples)
    syllables = np.clip(np.sin(2 * np.pi * 3 * time_s + random.uniform(0, 6)), 0, None) * (time_s % 1.0 < 0.7)
    wave = wave * syllables
    return 0.5 * wave / np.abs(wave).max()


def write_list(folder, name, waves):
    """Write waves {id: (wave, rate_hz)} and their list."""
    lines = []
    for uid, (wave, rate_hz) in waves.items():
        write_audio(folder / name / f"{uid}.flac", wave, rate_hz)
        lines.append(f"{uid} {rate_hz} {name}/{uid}.flac\n")
    (folder / f"{name}.scp").write_text("".join(lines))


def make_corpus(folder, utterances):
    random = np.random.default_rng(0)
    rates_hz = (16000, 22050)
    speech = {
        f"spk{i % 3}_{i:03d}": (speech_like(9000 + 517 * i, rates_hz[i % 2], i), rates_hz[i % 2])
        for i in range(utterances)
    }
    noise = {f"noise{i}": (0.3 * random.standard_normal(3000 + 9000 * i), rates_hz[i % 2]) for i in range(4)}
    decay = np.exp(-np.arange(3000) / 500)
    rirs = {
        f"room{i}": (0.9 * decay * np.sign(random.standard_normal(3000)), rates_hz[i % 2]) for i in range(3)
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_list(folder, "speech", speech)
    write_list(folder, "noise", noise)
    write_list(folder, "rirs", rirs)
    (folder / "utt2spk").write_text("".join(f"{uid} {uid[:4]}\n" for uid in speech))
    (folder / "text").write_text("".join(f"{uid} text of {uid}\n" for uid in list(speech)[1:]))
    return folder


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus", utterances=6)


@pytest.fixture
def config(tmp_path):
    """Writes a configuration that differs from the released one; `config(noise={...})` returns its path."""

    def write(**differences):
        path = tmp_path / "simulate.yaml"
        path.write_text(yaml.safe_dump({"base": str(CONFIGS / "restoration.yaml"), **differences}))
        return path

    return write
