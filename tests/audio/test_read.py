"""Reading audio: shapes, scaling, and one-line errors for what is no audio."""

import numpy as np
import pytest
import soundfile

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
