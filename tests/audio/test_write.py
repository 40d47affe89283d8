"""Writing audio: exact samples, counted clipping, and files that are whole or not there."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.audio import write
from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError


@settings(max_examples=20, deadline=None)
@given(
    samples=st.integers(0, 3000),
    channels=st.integers(1, 3),
    rate_hz=st.sampled_from([8000, 16000, 22050, 44100, 48000]),
    suffix=st.sampled_from(["wav", "flac", "aiff"]),
    subtype=st.sampled_from(["PCM_16", "PCM_24"]),
    seed=st.integers(0, 99),
)
def test_integer_samples_survive_any_number_of_round_trips(
    tmp_path_factory, samples, channels, rate_hz, suffix, subtype, seed
):
    path = tmp_path_factory.mktemp("write") / f"wave.{suffix}"
    top = 2 ** (int(subtype[-2:]) - 1)
    whole = np.random.default_rng(seed).integers(-top, top, (samples, channels))
    wave = (whole / top).astype(np.float32)

    if suffix == "flac" and samples == 0:
        with pytest.raises(UserError, match="no samples"):
            write_audio(path, wave, rate_hz, subtype)
        assert not path.exists()
        return
    assert write_audio(path, wave, rate_hz, subtype) == 0
    read, read_hz = read_audio(path)

    assert read_hz == rate_hz and read.shape == wave.shape
    assert np.array_equal(read, wave)
    assert soundfile.info(path).subtype == subtype


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_clipped_samples_are_counted_and_clipped(tmp_path, suffix):
    wave = np.zeros(4000, np.float32)
    wave[[10, 500, 900]] = [1.5, -2.0, 1.0]
    path = tmp_path / f"loud.{suffix}"
    assert write_audio(path, wave, 16000) == 2
    read = read_audio(path)[0][:, 0]
    if suffix in ("wav", "flac"):
        assert read[10] == read[900] == np.float32(32767 / 32768) and read[500] == -1.0
    assert np.isfinite(read).all()


def test_float_files_keep_samples_beyond_full_scale(tmp_path):
    wave = np.array([0.1, -3.0, 2.5], np.float32)
    assert write_audio(tmp_path / "float.wav", wave, 48000, subtype="FLOAT") == 0
    assert np.array_equal(read_audio(tmp_path / "float.wav")[0][:, 0], wave)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_wave_raises_and_leaves_the_old_file(tmp_path, bad):
    path = tmp_path / "wave.wav"
    write_audio(path, np.full(100, 0.25), 16000)
    before = path.read_bytes()
    with pytest.raises(UserError, match="NaN or infinite"):
        write_audio(path, np.array([0.0, bad]), 16000)
    assert path.read_bytes() == before


def test_a_failing_disk_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "wave.flac"
    write_audio(path, np.full(100, 0.25), 16000)
    before = path.read_bytes()

    def full_disk(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, "replace", full_disk)
    with pytest.raises(UserError, match="No space left"):
        write_audio(path, np.zeros(50), 16000)
    monkeypatch.undo()
    monkeypatch.setattr(soundfile.SoundFile, "write", full_disk)
    with pytest.raises(UserError, match="No space left"):
        write_audio(path, np.zeros(50), 16000)

    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["wave.flac"]


@pytest.mark.parametrize(
    ("name", "wave", "words"),
    [
        ("wave.xyz", np.zeros(3), "cannot write '.xyz' files"),
        ("wave.flac", np.zeros(3, np.int16), "floating point"),
        ("wave.flac", np.zeros((2, 3, 4)), "must be .samples,."),
    ],
)
def test_bad_requests_are_user_errors(tmp_path, name, wave, words):
    with pytest.raises(UserError, match=words):
        write_audio(tmp_path / name, wave, 16000)
    assert not list(tmp_path.iterdir())


def test_container_without_the_sample_format_is_an_error(tmp_path):
    with pytest.raises(UserError, match="FLAC cannot hold FLOAT"):
        write_audio(tmp_path / "wave.flac", np.zeros(3), 16000, subtype="FLOAT")


def test_folders_are_made(tmp_path):
    write_audio(tmp_path / "a" / "b" / "wave.wav", np.zeros(3), 16000)
    assert (tmp_path / "a" / "b" / "wave.wav").is_file()


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [("wav", "FLOAT"), ("aiff", "FLOAT"), ("wav", "PCM_16"), ("ogg", ""), ("flac", "PCM_24"), ("mp3", "")],
)
def test_the_same_samples_give_the_same_bytes(tmp_path, monkeypatch, suffix, subtype):
    """Though the clock goes on, and libsndfile numbers streams of OGG at random."""
    wave = (0.1 * np.random.default_rng(0).standard_normal((30000, 2))).astype(np.float32)
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    write_audio(first, wave, 44100, subtype)
    monkeypatch.setattr(write, "make_repeatable", lambda *_: None)
    write_audio(second, wave, 44100, subtype)
    # Still the same sound for libsndfile, which checks the pages of OGG.
    np.testing.assert_array_equal(read_audio(first)[0], read_audio(second)[0])
    monkeypatch.undo()
    write_audio(second, wave, 44100, subtype)
    assert first.read_bytes() == second.read_bytes()
    place = first.read_bytes().find(b"PEAK")
    assert (place >= 0) == (subtype == "FLOAT")
    assert not any(first.read_bytes()[place + 12 : place + 16]) or place < 0
