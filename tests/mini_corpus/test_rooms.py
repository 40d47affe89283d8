import numpy as np
import pytest

from espnet_plugin.mini_corpus import rooms

pytest.importorskip("pyroomacoustics")


@pytest.fixture(autouse=True)
def dry_rooms(monkeypatch):
    monkeypatch.setattr(rooms, "RT60_S", (0.15, 0.25))  # cheap


@pytest.mark.parametrize("rate_hz", [16000, 22050])
@pytest.mark.parametrize("seed", range(3))
def test_the_direct_path_is_the_first_sample(rate_hz, seed):
    response = rooms.room_response(rate_hz, np.random.default_rng(seed))
    assert np.abs(response).max() == 1
    # The direct path alone: no pre-echo to cut, and nothing right behind it.
    assert abs(response[0]) > 0.5
    assert np.abs(response[1:8]).max() < 0.05 * abs(response[0])


def test_the_energy_dies_away_in_the_reverberation_time(monkeypatch):
    monkeypatch.setattr(rooms, "RT60_S", (0.3, 0.3))
    response = rooms.room_response(16000, np.random.default_rng(0))
    assert len(response) == 0.3 * 16000
    decay_db = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] / np.sum(response**2) + 1e-12)
    # Sabine's formula is a rule of thumb, and the direct path is part of the curve.
    time_of_20_db_s = np.argmax(decay_db < -20) / 16000
    assert 0.03 < time_of_20_db_s < 0.15


def test_same_stream_same_samples():
    first, second = (rooms.room_response(16000, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first[:1000], rooms.room_response(16000, np.random.default_rng(6))[:1000])
