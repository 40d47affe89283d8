"""What libsndfile cannot read goes through ffmpeg, if it is there, and reads no other file."""

import subprocess

import numpy as np
import pytest

from espnet_plugin.audio import decode as decoding
from espnet_plugin.audio import source as sources
from espnet_plugin.audio.decode import decode, ffmpeg_program
from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.source import open_source
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError

TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(48000) / 48000).astype(np.float32)
PICTURE = ("-f", "lavfi", "-i", "color=size=32x32:rate=5:duration=1")


@pytest.fixture
def ffmpeg(tmp_path):
    """Runs the program on a second of a stereo tone."""
    if ffmpeg_program() is None:
        pytest.skip("needs the program ffmpeg")
    write_audio(tmp_path / "tone.wav", np.stack((TONE, 0.5 * TONE), 1), 48000)

    def run(name, *options):
        files = ("-i", tmp_path / "tone.wav", *options, tmp_path / name)
        subprocess.run([ffmpeg_program(), "-v", "error", "-y", *files], check=True)
        return tmp_path / name

    return run


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("talk.m4a", ("-c:a", "aac", "-b:a", "192k")),
        ("odd 'name'.wma", ("-b:a", "192k")),
        ("exact.wv", ()),
        ("film.mkv", (*PICTURE, "-shortest", "-c:a", "flac")),
    ],
)
def test_sound_of_other_formats(ffmpeg, tmp_path, name, options):
    path = ffmpeg(name, *options)
    scratch = tmp_path / "scratch"
    with open_source(path, scratch) as source:
        assert (source.rate_hz, source.channels, source.subtype) == (48000, 2, "PCM_16")
        wave = source.read(0, 48000)
    assert not scratch.exists()
    middle = slice(5000, 40000)
    spectrum = np.abs(np.fft.rfft(wave[middle, 0]))
    assert abs(spectrum.argmax() * 48000 / 35000 - 440) < 2
    assert np.std(wave[middle, 0]) == pytest.approx(2 * np.std(wave[middle, 1]), rel=0.05)
    if name in ("exact.wv", "film.mkv"):
        np.testing.assert_array_equal(wave, read_audio(tmp_path / "tone.wav")[0])


def test_a_film_without_sound(ffmpeg, tmp_path):
    path = ffmpeg("mute.mp4", *PICTURE, "-map", "1:v")
    with pytest.raises(UserError, match="mute.mp4 .*it has no sound track"):
        decode(path, tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"])
def test_playlists_do_not_lead_to_other_files(ffmpeg, tmp_path, text):
    secret = ffmpeg("secret.m4a")
    path = tmp_path / "playlist.wav"
    path.write_text(text.format(secret))
    with pytest.raises(UserError, match="no audio that libsndfile or ffmpeg can read"):
        decode(path, tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()


def test_without_the_program(ffmpeg, tmp_path, monkeypatch):
    path = ffmpeg("talk.m4a")
    for module in (decoding, sources):
        monkeypatch.setattr(module, "ffmpeg_program", lambda: None)
    with pytest.raises(UserError, match="install the program ffmpeg"), open_source(path, tmp_path / "s"):
        pass
    with pytest.raises(UserError, match="apt-get install ffmpeg"):
        decode(path, tmp_path / "s")


def test_the_decoded_file_is_one_of_libsndfile(ffmpeg, tmp_path):
    decode(ffmpeg("talk.m4a"), tmp_path / "decoded")
    samples, channels, rate_hz = audio_info(tmp_path / "decoded")
    assert abs(samples - 48000) < 3000 and (channels, rate_hz) == (2, 48000)
