"""Many files: resume, other settings, nothing overwritten, broken runs."""

import os
import random
import signal
import time

import numpy as np
import pytest

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.enhance.files import enhance_files
from espnet_plugin.enhance.inputs import find_recordings
from espnet_plugin.enhance.plan import plan_jobs
from espnet_plugin.enhance.record import NAME
from espnet_plugin.enhance.runner import InThisProcess
from espnet_plugin.errors import UserError
from tests.enhance.halver import Halver

SETTINGS = {"model": "halver", "weights": "0"}


@pytest.fixture
def folder(tmp_path):
    """Two recordings of other rates, channels and depths."""
    rng = np.random.default_rng(0)
    for name, samples, channels, rate_hz, subtype in (
        ("a.wav", 5000, 1, 8000, "PCM_16"),
        ("b/c.flac", 7000, 2, 44100, "PCM_24"),
        ("b/d.wav", 3000, 1, 16000, "FLOAT"),
    ):
        wave = 0.1 * rng.standard_normal((samples, channels)).astype(np.float32)
        write_audio(tmp_path / "in" / name, wave, rate_hz, subtype)
    return tmp_path / "in"


def enhance(folder, out, settings=SETTINGS, force=False, halver=None, **wanted):
    jobs, refused = plan_jobs(find_recordings([folder]), out, **wanted)
    runner = InThisProcess(lambda: halver or Halver())
    summary = enhance_files(runner, jobs, out, settings, force, progress=False)
    summary.outcomes += refused
    return summary


def content(out, record=True):
    """Everything that lies in a folder."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and (record or path.name != NAME)
    }


def test_folders_rates_and_depths_are_kept(folder, tmp_path):
    summary = enhance(folder, tmp_path / "out")
    assert [outcome.identifier for outcome in summary.of("enhanced")] == ["a", "b/c", "b/d"]
    for outcome in summary.outcomes:
        assert audio_info(outcome.target) == audio_info(outcome.source)
        np.testing.assert_allclose(
            read_audio(outcome.target)[0], read_audio(outcome.source)[0] / 2, atol=2e-5
        )
        assert outcome.level_change_db == pytest.approx(-6.02, abs=0.01)
    assert "3 enhanced" in summary.line()


def test_a_second_run_does_nothing(folder, tmp_path):
    enhance(folder, tmp_path / "out")
    before = content(tmp_path / "out")
    halver = Halver()
    summary = enhance(folder, tmp_path / "out", halver=halver)
    assert halver.calls == 0 and len(summary.of("skipped")) == 3
    assert content(tmp_path / "out") == before


def test_what_is_missing_or_older_than_its_recording_is_made(folder, tmp_path):
    enhance(folder, tmp_path / "out")
    before = content(tmp_path / "out", record=False)
    (tmp_path / "out" / "a.wav").unlink()
    write_audio(folder / "b" / "d.wav", np.full(4000, 0.25, np.float32), 16000, "FLOAT")
    halver = Halver()
    enhance(folder, tmp_path / "out", halver=halver)
    after = content(tmp_path / "out", record=False)
    assert halver.calls == 2 and after["a.wav"] == before["a.wav"]
    assert audio_info(tmp_path / "out" / "b" / "d.wav") == (4000, 1, 16000)


def test_other_settings_are_not_mixed_in(folder, tmp_path):
    enhance(folder, tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(UserError, match="weights: 0 -> 1.*add --force.*or choose another folder"):
        enhance(folder, tmp_path / "out", {**SETTINGS, "weights": "1"})
    assert content(tmp_path / "out") == before
    halver = Halver()
    enhance(folder, tmp_path / "out", {**SETTINGS, "weights": "1"}, force=True, halver=halver)
    assert halver.calls == 3
    assert len(enhance(folder, tmp_path / "out", {**SETTINGS, "weights": "1"}).of("skipped")) == 3
    with pytest.raises(UserError, match="weights: 1 -> 0"):
        enhance(folder, tmp_path / "out")


def test_a_foreign_file_is_not_overwritten(folder, tmp_path):
    foreign = tmp_path / "out" / "a.wav"
    write_audio(foreign, np.zeros(5000, np.float32), 8000)  # of the right size
    before = foreign.read_bytes()
    summary = enhance(folder, tmp_path / "out")
    assert "add --force" in summary.of("failed")[0].reason and foreign.read_bytes() == before
    enhance(folder, tmp_path / "out", force=True)
    assert foreign.read_bytes() != before


def test_a_damaged_file_does_not_stop_the_others(folder, tmp_path):
    (folder / "a.wav").write_bytes(b"RIFF, but not for long")
    summary = enhance(folder, tmp_path / "out")
    assert [outcome.identifier for outcome in summary.of("failed")] == ["a"]
    assert len(summary.of("enhanced")) == 2 and "1 FAILED" in summary.line()


def test_a_model_that_cannot_be_loaded_loses_nothing(folder, tmp_path):
    enhance(folder, tmp_path / "out")
    before = content(tmp_path / "out")

    def broken():
        raise UserError("no such model")

    jobs, _ = plan_jobs(find_recordings([folder]), tmp_path / "out")
    with pytest.raises(UserError, match="no such model"):
        enhance_files(InThisProcess(broken), jobs, tmp_path / "out", {"model": "other"}, force=True)
    assert content(tmp_path / "out") == before


def test_formats_and_channels(folder, tmp_path):
    enhance(folder, tmp_path / "flac", suffix=".flac")
    assert sorted(content(tmp_path / "flac", record=False)) == ["a.flac", "b/c.flac", "b/d.flac"]
    summary = enhance(folder, tmp_path / "mix", channels="mix")
    assert audio_info(tmp_path / "mix" / "b" / "c.flac") == (7000, 1, 44100)
    assert len(enhance(folder, tmp_path / "mix", channels="mix").of("skipped")) == 3
    summary = enhance(folder, tmp_path / "second", channels=(2,))
    assert [outcome.identifier for outcome in summary.of("enhanced")] == ["b/c"]
    assert "no channel 2: the recording has 1" in summary.of("failed")[0].reason
    expected = read_audio(folder / "b" / "c.flac")[0][:, 1:] / 2
    np.testing.assert_allclose(read_audio(tmp_path / "second" / "b" / "c.flac")[0], expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_any_moment_and_run_again_gives_the_same_folder(folder, tmp_path):
    """Only whole files are there after SIGKILL, and the same command completes the folder byte for byte."""
    enhance(folder, tmp_path / "whole")
    whole = content(tmp_path / "whole")
    moments = random.Random(0)
    for attempt in range(8):
        out = tmp_path / f"out{attempt}"
        for _ in range(2):
            child = os.fork()
            if not child:
                try:
                    enhance(folder, out, halver=Halver(block_s=0.003))
                finally:
                    os._exit(0)
            time.sleep(moments.uniform(0.005, 0.08))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            found = content(out)
            for name in set(found) & set(whole) - {NAME}:
                assert found[name] == whole[name]
        enhance(folder, out)
        assert content(out) == whole


class Watcher(Halver):
    """Notes which files are there while it works."""

    def __init__(self, out):
        super().__init__()
        self.out, self.seen = out, []

    def stream(self, *arguments):
        self.seen.append(content(self.out, record=False))
        return super().stream(*arguments)


def test_force_leaves_every_file_until_the_new_one_is_whole(folder, tmp_path):
    out = tmp_path / "out"
    enhance(folder, out)
    before = content(out, record=False)
    for number, name in enumerate(before):  # other results
        (out / name).write_bytes(bytes([number]))
    other = content(out, record=False)
    watcher = Watcher(out)
    (folder / "b" / "c.flac").write_bytes(b"damaged meanwhile")
    summary = enhance(folder, out, {**SETTINGS, "weights": "1"}, force=True, halver=watcher)
    assert len(summary.of("enhanced")) == 2 and len(summary.of("failed")) == 1
    without_temporary = [{name: seen[name] for name in other} for seen in watcher.seen]
    assert without_temporary == [other, {**other, "a.wav": before["a.wav"]}]
    assert content(out, record=False) == {**before, "b/c.flac": other["b/c.flac"]}
    # The one that failed is tried again, the others are done.
    summary = enhance(folder, out, {**SETTINGS, "weights": "1"})
    assert len(summary.of("skipped")) == 2 and len(summary.of("failed")) == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("force", [False, True])
def test_force_killed_at_any_moment_and_run_again(folder, tmp_path, force):
    """Without or with `force` the next run replaces whatever the killed one did not."""
    out, settings = tmp_path / "out", {**SETTINGS, "weights": "1"}
    enhance(folder, tmp_path / "new", settings)
    new = content(tmp_path / "new", record=False)
    moments = random.Random(1)
    for attempt in range(6):
        for name in new:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(b"old")
        (out / NAME).unlink(missing_ok=True)
        child = os.fork()
        if not child:
            try:
                enhance(folder, out, settings, force=True, halver=Halver(block_s=0.003))
            finally:
                os._exit(0)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if (out / NAME).exists() and (attempt % 2 or (out / "a.wav").read_bytes() != b"old"):
                break
            time.sleep(0.001)
        time.sleep(moments.uniform(0.0, 0.04))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = content(out)
        assert all(found[name] in (b"old", new[name]) for name in new)
        halver = Halver()
        enhance(folder, out, settings, force=force, halver=halver)
        assert content(out, record=False) == new
        assert halver.calls == 3 if force else halver.calls >= sum(found[name] == b"old" for name in new)
        assert len(enhance(folder, out, settings).of("skipped")) == 3


def test_what_an_ended_force_left_is_not_taken_for_other_settings(folder, tmp_path):
    enhance(folder, tmp_path / "out")
    (tmp_path / "out" / "a.wav").unlink()

    class Ended(Halver):
        def stream(self, *arguments):
            if self.calls == 1:
                raise KeyboardInterrupt
            return super().stream(*arguments)

    with pytest.raises(KeyboardInterrupt):
        enhance(folder, tmp_path / "out", {**SETTINGS, "weights": "1"}, force=True, halver=Ended())
    with pytest.raises(UserError, match="weights: 1 -> 0"):
        enhance(folder, tmp_path / "out")
    halver = Halver()
    summary = enhance(folder, tmp_path / "out", {**SETTINGS, "weights": "1"}, halver=halver)
    assert halver.calls == 2 and len(summary.of("skipped")) == 1


def test_a_torn_record_is_mended(folder, tmp_path):
    enhance(folder, tmp_path / "out")
    record = tmp_path / "out" / NAME
    whole = record.read_bytes()
    record.write_bytes(whole[:-20])
    summary = enhance(folder, tmp_path / "out")
    assert len(summary.of("skipped")) == 2 and len(summary.of("failed")) == 1
    enhance(folder, tmp_path / "out", force=True)
    assert len(enhance(folder, tmp_path / "out").of("skipped")) == 3
