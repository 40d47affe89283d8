import numpy as np
import pytest

from espnet_plugin.analysis.material import Noises, Rooms, excerpts, read_excerpt
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError


def test_the_middle_with_peak_one(tmp_path):
    wave = np.zeros(32000)
    wave[16000] = 0.25
    write_audio(tmp_path / "a.wav", wave, 16000)
    excerpt = read_excerpt(tmp_path / "a.wav", 16000, 0.5)
    assert excerpt.dtype == np.float32 and len(excerpt) == 8000
    assert excerpt[4000] == 1.0 and np.count_nonzero(excerpt) == 1


def test_bad_recordings_are_named(tmp_path):
    write_audio(tmp_path / "silent.wav", np.zeros(16000), 16000)
    write_audio(tmp_path / "short.wav", np.ones(100), 16000)
    with pytest.raises(UserError, match="silent.wav is silent"):
        read_excerpt(tmp_path / "silent.wav", 16000, 1.0)
    with pytest.raises(UserError, match="short.wav is shorter"):
        read_excerpt(tmp_path / "short.wav", 16000, 1.0)


def test_a_limit_spreads_over_the_list(tmp_path):
    files = {}
    for number in range(10):
        files[f"r{number}"] = tmp_path / f"{number}.wav"
        write_audio(files[f"r{number}"], 0.1 * np.ones(1600), 16000)
    assert [name for name, _ in excerpts(files, 16000, 1.0, limit=3)] == ["r0", "r3", "r6"]
    assert len(list(excerpts(files, 16000, 1.0))) == 10


def test_noises_and_rooms_stay_with_their_recording(tmp_path):
    files = {}
    for number in range(5):
        files[f"n{number}"] = tmp_path / f"{number}.wav"
        write_audio(files[f"n{number}"], (0.1 + 0.1 * number) * np.ones(800), 16000)
    for choose in (Noises(files, 16000), Rooms(files, 16000)):
        levels = {}
        for name in ("a", "b", "c", "d", "e", "a"):
            chosen = choose(name)
            level = float(np.max(chosen[0] if isinstance(chosen, tuple) else chosen))
            assert levels.setdefault(name, level) == level
        assert len(set(levels.values())) > 1
    assert Rooms({}, 16000)("a") is None
    white, position = Noises({}, 16000)("a")
    assert len(white) == 160000 and position == 0.0 and np.std(white) == pytest.approx(1, abs=0.02)
