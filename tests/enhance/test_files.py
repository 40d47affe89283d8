"""Many files: resume, damaged inputs, nothing overwritten."""

import numpy as np
import pytest

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.enhance.files import enhance_files, gather
from espnet_plugin.errors import UserError


class Halver:
    """Halves the level and counts its calls."""

    def __init__(self):
        self.calls = 0

    def enhance(self, wave, rate_hz):
        self.calls += 1
        return wave / 2


@pytest.fixture
def recordings(tmp_path):
    rng = np.random.default_rng(0)
    for name, samples, channels, rate_hz in (("a", 500, 1, 8000), ("b/c", 700, 2, 44100)):
        wave = 0.1 * rng.standard_normal((samples, channels)).astype(np.float32)
        write_audio(tmp_path / "in" / f"{name}.wav", wave, rate_hz)
    return gather([tmp_path / "in"])


def test_folders_are_kept(recordings, tmp_path):
    summary = enhance_files(Halver(), recordings, tmp_path / "out", progress=False)
    assert sorted(summary.outputs) == ["a", "b/c"]
    for identifier, source in recordings.items():
        target = tmp_path / "out" / f"{identifier}.wav"
        assert audio_info(target) == audio_info(source)
        np.testing.assert_allclose(read_audio(target)[0], read_audio(source)[0] / 2, atol=2e-5)
    assert "2 enhanced" in summary.line()


def test_a_second_run_does_nothing(recordings, tmp_path):
    enhance_files(Halver(), recordings, tmp_path / "out", progress=False)
    halver = Halver()
    summary = enhance_files(halver, recordings, tmp_path / "out", progress=False)
    assert halver.calls == 0 and summary.skipped == 2 and len(summary.outputs) == 2


def test_what_is_missing_is_made(recordings, tmp_path):
    enhance_files(Halver(), recordings, tmp_path / "out", progress=False)
    (tmp_path / "out" / "a.wav").unlink()
    halver = Halver()
    enhance_files(halver, recordings, tmp_path / "out", progress=False)
    assert halver.calls == 1


def test_a_foreign_file_is_not_overwritten(recordings, tmp_path):
    foreign = tmp_path / "out" / "a.wav"
    write_audio(foreign, np.zeros(3, np.float32), 8000)
    before = foreign.read_bytes()
    summary = enhance_files(Halver(), recordings, tmp_path / "out", progress=False)
    assert "add --force" in summary.failed["a"] and foreign.read_bytes() == before
    enhance_files(Halver(), recordings, tmp_path / "out", force=True, progress=False)
    assert foreign.read_bytes() != before


def test_a_damaged_file_does_not_stop_the_others(recordings, tmp_path):
    recordings["a"].write_bytes(b"RIFF, but not for long")
    summary = enhance_files(Halver(), recordings, tmp_path / "out", progress=False)
    assert list(summary.failed) == ["a"] and list(summary.outputs) == ["b/c"]
    assert "1 FAILED" in summary.line()


def test_an_input_is_never_its_own_output(recordings, tmp_path):
    with pytest.raises(UserError, match="overwrite its own input"):
        enhance_files(Halver(), recordings, tmp_path / "in", progress=False)


def test_gather(recordings, tmp_path):
    (tmp_path / "list.scp").write_text("x in/a.wav\n")
    assert gather([tmp_path / "in" / "a.wav"]) == {"a": tmp_path / "in" / "a.wav"}
    assert gather([tmp_path / "list.scp"]) == {"x": tmp_path / "in" / "a.wav"}
    with pytest.raises(UserError, match="same output"):
        gather([tmp_path / "in", tmp_path / "in" / "a.wav"])
    with pytest.raises(UserError, match="does not exist"):
        gather([tmp_path / "nothing.wav"])
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(UserError, match="no audio file"):
        gather([tmp_path / "text.wav"])
