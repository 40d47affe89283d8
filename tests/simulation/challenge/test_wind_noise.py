import hashlib

import numpy as np
import pytest

from espnet_plugin.audio.read import read_audio
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge.wind_noise import colour, generate, wind_noise

SECONDS = 3


@pytest.fixture(scope="module")
def waves():
    return [wind_noise(SECONDS * 16000, 16000, np.random.default_rng(seed)) for seed in range(4)]


def test_energy_falls_with_frequency(waves):
    for wave in waves:
        power = np.abs(np.fft.rfft(wave)) ** 2
        edges_hz = (0, 250, 500, 1000, 2000, 4000)
        density = [
            power[low * SECONDS : high * SECONDS].mean() for low, high in zip(edges_hz, edges_hz[1:])
        ]
        assert all(np.diff(density) < 0)
        assert density[0] > 100 * density[-1]


def test_the_wind_comes_in_gusts(waves):
    # Frames of 20 ms: steady noise of that bandwidth varies by less than 3 dB.
    for wave in waves:
        level_db = 10 * np.log10(np.mean(wave.reshape(-1, 320) ** 2, axis=1))
        assert np.std(level_db) > 4
        assert np.abs(wave).max() == pytest.approx(0.95)


@pytest.mark.parametrize("speed_m_s", np.linspace(2, 18, 33))
def test_the_colours_are_stable_filters(speed_m_s):
    assert np.abs(np.roots(colour(speed_m_s))).max() < 1
    assert colour(speed_m_s)[0] == pytest.approx(1)


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.wav")}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    assert generate(tmp_path / "a", [8000, 16000], 2, 0.5, seed=3) == 4
    generate(tmp_path / "b", [16000], 1, 0.5, seed=3)  # other files do not matter
    generate(tmp_path / "c", [8000, 16000], 2, 0.5, seed=4)
    a, b, c = (hashes(tmp_path / name) for name in "abc")
    assert len(set(a.values())) == 4
    assert b.items() < a.items()
    assert not set(a.values()) & set(c.values())


def test_the_list_and_a_second_run(tmp_path):
    generate(tmp_path, [22050], 2, 0.5)
    before = hashes(tmp_path)
    (tmp_path / "wind_noise_22050hz_1.wav").unlink()
    assert generate(tmp_path, [22050], 2, 0.5) == 1
    assert hashes(tmp_path) == before
    for number, line in enumerate((tmp_path / "wind_noise.scp").read_text().splitlines()):
        uid, rate_hz, path = line.split()
        assert (uid, rate_hz) == (f"wind_noise_22050hz_{number}", "22050")
        wave, rate_hz = read_audio(path)
        assert (len(wave), rate_hz) == (11025, 22050)


def test_mistakes(tmp_path):
    generate(tmp_path, [8000], 1, 0.5)
    with pytest.raises(UserError, match="another seed or length"):
        generate(tmp_path, [8000], 1, 0.5, seed=1)
    assert generate(tmp_path, [8000], 1, 0.5, seed=1, force=True) == 1
    with pytest.raises(UserError, match="at least 0.256 seconds"):
        generate(tmp_path / "new", [8000], 1, 0.1)
    with pytest.raises(UserError, match="at least one rate"):
        generate(tmp_path / "new", [8000], 0, 1)
