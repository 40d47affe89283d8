"""Recordings and images of an utterance as they go into the page."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.report.clip import make_clip
from espnet_plugin.report.spectrogram import IMAGE_COLUMNS, IMAGE_ROWS, SEGMENT_S
from tests.report.conftest import tone


def picture_of(recording):
    """Brightness of an image, (rows, columns), high frequencies first."""
    return np.asarray(Image.open(io.BytesIO(recording.image)).convert("L"), dtype=float)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_flac_is_exact_at_the_files_own_rate(tmp_path, rate_hz):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (rate_hz // 2 + 7, 2))
    write_audio(tmp_path / "a.wav", wave, rate_hz)
    recording = make_clip({"noisy": tmp_path / "a.wav"}).recordings["noisy"]
    stored, rate = soundfile.read(io.BytesIO(recording.audio), dtype="int16")
    assert rate == recording.rate_hz == rate_hz
    np.testing.assert_array_equal(stored, soundfile.read(tmp_path / "a.wav", dtype="int16")[0][:, 0])
    assert recording.samples == len(wave) and recording.seconds == len(wave) / rate_hz


def test_ogg_is_much_smaller(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    write_audio(tmp_path / "a.wav", noise, 16000)
    small, large = (make_clip({"a": tmp_path / "a.wav"}, kind).recordings["a"] for kind in ("ogg", "flac"))
    assert 3 * len(small.audio) < len(large.audio)
    assert len(soundfile.read(io.BytesIO(small.audio))[0]) == 16000


def test_images_share_their_scales(tmp_path):
    """A tone of 2 kHz lies at a quarter of 8 kHz in both, and the softer one is darker."""
    write_audio(tmp_path / "wide.wav", tone(2, 16000, 2000, 0.5), 16000)
    write_audio(tmp_path / "narrow.wav", tone(2, 8000, 2000, 0.005), 8000)
    clip = make_clip({"wide": tmp_path / "wide.wav", "narrow": tmp_path / "narrow.wav"})
    wide, narrow = (picture_of(clip.recordings[name]) for name in ("wide", "narrow"))
    assert clip.top_hz == 8000 and -12 < clip.top_db <= 0
    for picture in (wide, narrow):
        rows = picture.mean(axis=1)
        assert 1 - rows.argmax() / len(rows) == pytest.approx(0.25, abs=0.02)
    assert wide.max() > narrow.max() + 50
    assert narrow[: len(narrow) // 2 - 4].max() < 10  # nothing above 4 kHz


def test_long_recordings_are_drawn_piece_by_piece(tmp_path):
    """The tone that sounds in the last third only is seen there."""
    seconds = 3 * SEGMENT_S - 9
    wave = tone(seconds, 8000, 1000)
    wave[: 2 * len(wave) // 3] = 0
    write_audio(tmp_path / "a.wav", wave, 8000)
    picture = picture_of(make_clip({"a": tmp_path / "a.wav"}).recordings["a"])
    assert picture.shape[0] <= IMAGE_ROWS and 0.9 * IMAGE_COLUMNS < picture.shape[1] < 1.1 * IMAGE_COLUMNS
    loud = picture.max(axis=0) > 100
    assert loud.argmax() / len(loud) == pytest.approx(2 / 3, abs=0.02) and loud[-5:].all()


@pytest.mark.parametrize("samples", [1, 2, 255, 300])
def test_very_short_and_silent(tmp_path, samples):
    write_audio(tmp_path / "a.wav", np.zeros(samples), 8000)
    write_audio(tmp_path / "b.wav", np.zeros(0), 8000)
    clip = make_clip({"a": tmp_path / "a.wav", "b": tmp_path / "b.wav"})
    assert list(clip.recordings) == ["a"] and clip.recordings["a"].samples == samples
    assert picture_of(clip.recordings["a"]).size and clip.size_bytes > 0


def test_nan_is_refused(tmp_path):
    wave = np.zeros(800)
    wave[3] = np.nan
    soundfile.write(tmp_path / "a.wav", wave, 8000, subtype="FLOAT")
    with pytest.raises(UserError, match="NaN"):
        make_clip({"a": tmp_path / "a.wav"})
