"""Reading audio: shapes, scaling, and one-line errors for what is no audio."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.audio import read as reading
from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.errors import UserError


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_gives_float32_samples_by_channels(tmp_path, suffix, channels):
    path = tmp_path / f"tone.{suffix}"
    time_s = np.arange(8000) / 16000
    wave = np.stack([0.5 * np.sin(2 * np.pi * (200 + 300 * c) * time_s) for c in range(channels)], axis=1)
    soundfile.write(path, wave, 16000)

    read, rate_hz = read_audio(path)

    assert read.dtype == np.float32 and read.shape[1] == channels and rate_hz == 16000
    assert audio_info(path) == (len(read), channels, 16000)
    if suffix not in ("ogg", "mp3"):
        assert np.abs(read - wave).max() < 1e-4
    assert 0.4 < np.abs(read).max() < 0.65


@pytest.mark.parametrize("function", [read_audio, audio_info])
def test_errors_are_one_line_and_name_the_file(tmp_path, function):
    text = tmp_path / "notes.wav"
    text.write_text("this is no audio")
    with pytest.raises(UserError, match="notes.wav is no audio file that libsndfile can read"):
        function(text)
    with pytest.raises(UserError, match="missing.wav does not exist"):
        function(tmp_path / "missing.wav")
    with pytest.raises(UserError, match="does not exist or is no file"):
        function(tmp_path)
    headerless = tmp_path / "samples.raw"
    headerless.write_bytes(bytes(100))
    with pytest.raises(UserError, match="no header") as caught:
        function(headerless)
    assert "\n" not in str(caught.value)


def test_truncated_flac_is_an_error_not_a_crash(tmp_path):
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 50000), 16000)
    path.write_bytes(path.read_bytes()[:30000])
    with pytest.raises(UserError, match="cut.flac is damaged"):
        read_audio(path)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """Files in which decoders that jump come out elsewhere, or without what they need from before."""
    rng = np.random.default_rng(0)
    files = []
    for suffix, rate_hz, channels in (
        *(("mp3", 11025, 1), ("mp3", 22050, 1), ("mp3", 24000, 1), ("mp3", 48000, 2)),
        *(("ogg", 8000, 2), ("ogg", 22050, 1), ("ogg", 44100, 1), ("flac", 16000, 1), ("wav", 16000, 2)),
    ):
        time_s = np.arange(4 * rate_hz)[:, None] / rate_hz
        pitch_hz = (300 + 200 * time_s) * np.arange(1, channels + 1)
        noise = 0.02 * rng.standard_normal((len(time_s), channels))
        wave = 0.2 * np.sin(2 * np.pi * pitch_hz * time_s) + noise
        path = tmp_path_factory.mktemp("sweeps") / f"{rate_hz}.{suffix}"
        soundfile.write(path, wave, rate_hz)
        files.append((path, read_audio(path)[0]))
    return files


@given(place=st.floats(0, 1.1), samples=st.integers(-1, 4000), skipped=st.sampled_from([3000, 1 << 18]))
def test_a_stretch_is_that_of_the_whole_file(sweeps, place, samples, skipped):
    before, reading.SKIPPED = reading.SKIPPED, skipped
    try:
        for path, whole in sweeps:
            start = int(place * len(whole))
            stretch, _ = read_audio(path, start, samples)
            np.testing.assert_array_equal(stretch, whole[start:][: samples if samples >= 0 else None])
    finally:
        reading.SKIPPED = before
