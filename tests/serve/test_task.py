"""From an upload to its result, in the format that its content has."""

import subprocess

import numpy as np
import pytest
import soundfile

from espnet_plugin.audio.decode import ffmpeg_program
from espnet_plugin.errors import UserError
from espnet_plugin.serve.task import UPLOAD, Task, run_task
from tests.enhance.idle import Idle
from tests.serve.conftest import recording


def run(tmp_path, content, longest_s=60.0, told=lambda *seconds: None, **options):
    (tmp_path / UPLOAD).write_bytes(content)
    return run_task(
        Idle(gain=0.5, window_s=0.3, overlap_s=0.1), Task(tmp_path, "my talk.xyz", options, longest_s), told
    )


@pytest.mark.parametrize(
    ("kind", "subtype", "suffix"),
    [
        ("WAV", "PCM_16", ".wav"),
        ("WAV", "FLOAT", ".wav"),
        ("FLAC", "PCM_24", ".flac"),
        ("OGG", "VORBIS", ".ogg"),
        ("MP3", "MPEG_LAYER_III", ".mp3"),
        ("AIFF", "PCM_16", ".aiff"),
        ("CAF", "PCM_16", ".wav"),
    ],
)
def test_formats_are_kept(tmp_path, kind, subtype, suffix):
    result = run(tmp_path, recording(samples=24000, channels=2, kind=kind, subtype=subtype))
    assert result.path == tmp_path / f"enhanced{suffix}" and result.channels == 2 and result.clipped == 0
    info = soundfile.info(result.path)
    assert (info.samplerate, info.channels, info.subtype) == (16000, 2, subtype)
    assert result.level_change_db == pytest.approx(-6.02, abs=0.1)
    assert result.comparison.seconds == soundfile.info(tmp_path / UPLOAD).duration == info.duration


def test_options_and_progress(tmp_path):
    told = []
    result = run(tmp_path, recording(), told=lambda *seconds: told.append(seconds), level="match")
    assert result.level_change_db == pytest.approx(0, abs=0.01)
    assert told[0] == (0.0, 0.5) and told[-1] == pytest.approx((0.5, 0.5)) and told == sorted(told)


@pytest.mark.skipif(ffmpeg_program() is None, reason="needs the program ffmpeg")
def test_video_gives_its_sound(tmp_path):
    (tmp_path / "a.wav").write_bytes(recording(samples=16000))
    command = [ffmpeg_program(), "-loglevel", "error", "-i", tmp_path / "a.wav", "-c:a", "aac", "-f", "mp4"]
    subprocess.run([*command, tmp_path / "a.mp4"], check=True)
    result = run(tmp_path, (tmp_path / "a.mp4").read_bytes())
    info = soundfile.info(result.path)
    assert (info.format, info.subtype, info.samplerate) == ("WAV", "PCM_16", 16000) and info.frames >= 16000
    assert {path.name for path in tmp_path.iterdir()} == {
        *("a.wav", "a.mp4", UPLOAD, "enhanced.wav", "comparison.wav", "before.webp", "after.webp"),
    }
    with pytest.raises(UserError, match="my talk.xyz is longer than 0.01 minutes"):
        run(tmp_path, (tmp_path / "a.mp4").read_bytes(), longest_s=0.6)


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\x24\x00\x00\x00WAVE",
        bytes(1000),
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        recording(samples=100, rate_hz=500),
        recording(samples=8000, kind="FLAC")[:-4000],
        recording(samples=4000, subtype="FLOAT", level=float("inf")),
    ],
    ids=["header only", "zeros", "playlist", "concat", "500 Hz", "cut FLAC", "infinite"],
)
def test_bad_uploads_are_named_and_leave_nothing(tmp_path, content):
    with pytest.raises(UserError) as caught:
        run(tmp_path, content)
    text = str(caught.value)
    assert (
        text.startswith(("my talk.xyz", "the recording"))
        and str(tmp_path) not in text
        and "root:" not in text
    )
    assert [path.name for path in tmp_path.iterdir()] == [UPLOAD]


def test_silence_and_one_sample(tmp_path):
    result = run(tmp_path, recording(samples=1))
    assert soundfile.info(result.path).frames == 1
    result = run(tmp_path, recording(level=0.0))
    assert result.level_change_db is None and not np.any(soundfile.read(result.path)[0])
