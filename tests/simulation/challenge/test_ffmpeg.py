import subprocess
import sys
import tempfile

import numpy as np
import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.simulation.challenge import ffmpeg
from espnet_plugin.simulation.challenge.ffmpeg import Job, alone, together

RAW = ("-f", "f32le", "-ar", "8000", "-ac", "1")


@pytest.fixture
def processes(monkeypatch, ffmpeg_program):
    """A list that grows by one with every process."""
    calls, run = [], subprocess.run

    def counted(*arguments, **options):
        calls.append(arguments)
        return run(*arguments, **options)

    monkeypatch.setattr(ffmpeg.subprocess, "run", counted)
    return calls


def wave_through(wave, jobs, filters=None, options=RAW):
    for _ in range(jobs):
        wave = np.frombuffer((yield Job(wave.tobytes(), RAW, options, filters)), "<f4")
    return wave


def test_jobs_of_several_works_share_processes(processes):
    waves = [np.full(100 + number, number / 8, np.float32) for number in range(4)]
    double = "[{given}]volume=2[{result}]"
    works = [wave_through(wave, jobs, double) for jobs, wave in enumerate(waves)]
    for jobs, (wave, result) in enumerate(zip(waves, together(works), strict=True)):
        np.testing.assert_allclose(result, 2**jobs * wave)
    assert len(processes) == 3


def test_one_that_fails_does_not_spoil_the_others(processes):
    wave = np.ones(100, np.float32)
    good, bad, idle = together(
        [wave_through(wave, 1), wave_through(wave, 1, options=("-f", "nonsense")), wave_through(wave, 0)]
    )
    np.testing.assert_array_equal(good, wave)
    assert isinstance(bad, UserError) and "nonsense" in str(bad)
    np.testing.assert_array_equal(idle, wave)


def test_errors_of_a_work_are_its_result():
    def work():
        raise ZeroDivisionError
        yield

    assert isinstance(together([work()])[0], ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        alone(work())


def test_nothing_is_left_behind(tmp_path, monkeypatch, ffmpeg_program):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    alone(wave_through(np.ones(10, np.float32), 1))
    with pytest.raises(UserError, match="ffmpeg failed"):
        alone(wave_through(np.ones(10, np.float32), 1, options=("-f", "nonsense")))
    assert not list(tmp_path.iterdir())


def test_no_program_names_both_remedies(monkeypatch):
    ffmpeg.ffmpeg_program.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match=r"apt-get install ffmpeg.*pip install"):
        ffmpeg.ffmpeg_program()
    ffmpeg.ffmpeg_program.cache_clear()


def test_training_takes_the_program_that_starts_fastest(monkeypatch):
    for bundled, expected in (("/bundled/ffmpeg", "/bundled/ffmpeg"), (None, "/usr/bin/ffmpeg")):
        ffmpeg.quick_ffmpeg_program.cache_clear()
        monkeypatch.setattr(ffmpeg.decode, "bundled_ffmpeg_program", lambda found=bundled: found)
        monkeypatch.setattr(ffmpeg, "ffmpeg_program", lambda: "/usr/bin/ffmpeg")
        assert ffmpeg.quick_ffmpeg_program() == expected
    ffmpeg.quick_ffmpeg_program.cache_clear()
