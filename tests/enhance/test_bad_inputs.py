"""Whatever lies in a folder: an error with the file's name or a sane result, and the rest goes on."""

import os
import re
import resource
import signal
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.write import FORMATS, write_audio
from espnet_plugin.enhance.files import enhance_files
from espnet_plugin.enhance.inputs import find_recordings
from espnet_plugin.enhance.plan import plan_jobs
from espnet_plugin.enhance.record import NAME
from espnet_plugin.enhance.runner import InThisProcess
from espnet_plugin.errors import UserError
from tests.enhance.idle import Idle

RATE_HZ = 22050
NOISE = (0.1 * np.random.default_rng(0).standard_normal((9000, 2))).astype(np.float32)


def audio(wave, subtype="FLOAT", suffix=".wav"):
    """Writes a wave."""
    container = FORMATS[suffix.lower()]
    return lambda path: soundfile.write(
        os.fsencode(path.with_suffix(suffix)), wave, RATE_HZ, subtype, format=container
    )


def raw(content):
    """Writes bytes."""
    return lambda path: path.write_bytes(content)


def cut(path):
    write_audio(path.with_suffix(".flac"), NOISE, RATE_HZ)
    whole = path.with_suffix(".flac").read_bytes()
    path.with_suffix(".flac").write_bytes(whole[: len(whole) // 2])


def lying_length(path):
    """A header that tells of four times the samples."""
    write_audio(path, NOISE[:, :1], RATE_HZ)
    whole = bytearray(path.read_bytes())
    place = whole.index(b"data") + 4
    whole[place : place + 4] = struct.pack("<I", 4 * struct.unpack("<I", whole[place : place + 4])[0])
    path.write_bytes(whole)


def lying_rate(path):
    write_audio(path, NOISE, RATE_HZ)
    whole = bytearray(path.read_bytes())
    whole[24:28] = struct.pack("<I", 2**31 - 1)
    path.write_bytes(whole)


def loop(path):
    path.symlink_to(path.name)


def dangling(path):
    path.symlink_to("nowhere.wav")


def spike(value):
    wave = NOISE.copy()
    wave[1234, 1] = value
    return wave


NO_AUDIO = "no audio (file )?that libsndfile (or ffmpeg )?can read"
CLIPPED = np.clip(20 * NOISE, -1, 1)
#: What is made -> words of the error, or None for a result.
TABLE = {
    "empty": (audio(NOISE[:0]), None),
    "one_sample": (audio(NOISE[:1]), None),
    "two_samples": (audio(NOISE[:2], "PCM_16"), None),
    "shorter_than_a_window": (audio(NOISE[:700]), None),
    "direct_current": (audio(np.full(9000, 0.5)), None),
    "full_scale": (audio(np.sign(NOISE)), None),
    "clipped": (audio(CLIPPED, "PCM_16"), None),
    "silent": (audio(0 * NOISE), None),
    "very_quiet": (audio(1e-6 * NOISE), None),
    "beyond_full_scale": (audio(50 * NOISE), None),
    "nan": (audio(spike(np.nan)), "holds NaN or infinite samples .the first is number 1234"),
    "infinite": (audio(spike(np.inf)), "holds NaN or infinite samples"),
    "lying_length": (lying_length, None),
    "lying_rate": (lying_rate, "has a sampling rate of 2147483647 Hz"),
    "truncated": (cut, "is cut off|is damaged"),
    "random_bytes": (raw(np.random.default_rng(1).bytes(5000)), NO_AUDIO),
    "zero_bytes": (raw(b""), NO_AUDIO),
    "text": (raw("Grüße, no audio\n".encode()), NO_AUDIO),
    "directory": (lambda path: path.mkdir(), "holds no audio file"),
    "link_to_itself": (loop, "does not exist or is no file"),
    "link_to_nothing": (dangling, "does not exist or is no file"),
    "missing": (lambda path: None, "does not exist or is no file"),
    "two words, 'quoted' and \"so\"": (audio(NOISE), None),
    "two\nlines": (audio(NOISE), None),
    "日本語 Ünïcode": (audio(NOISE, "PCM_24"), None),
    "-o": (audio(NOISE), None),
    "*[a]?": (audio(NOISE), None),
    "n" * 240: (audio(NOISE), None),
    os.fsdecode(b"no \xff utf-8"): (audio(NOISE), None),
}


def run(paths, out, enhancer=None, **options):
    jobs, refused = plan_jobs(find_recordings(paths), out)
    runner = InThisProcess(lambda: enhancer or Idle(window_s=0.2, overlap_s=0.05, **options))
    summary = enhance_files(runner, jobs, out, {}, progress=False)
    summary.outcomes += refused
    return {outcome.source: outcome for outcome in summary.outcomes}


def results(out):
    return sorted(path.name for path in out.rglob("*") if path.is_file() and path.name != NAME)


@pytest.mark.parametrize("level", ["keep", "match", "peak"])
def test_every_input_by_name(tmp_path, level):
    (tmp_path / "in").mkdir()
    paths = {}
    for name, (make, _) in TABLE.items():
        path = tmp_path / "in" / f"{name}.wav"
        make(path)
        paths[name] = path.with_suffix(".flac") if path.with_suffix(".flac").exists() else path
    outcomes = run(paths.values(), tmp_path / "out", level=level)
    whole = 0
    for name, (_, words) in TABLE.items():
        outcome = outcomes[paths[name]]
        if words is None:
            assert (outcome.status, outcome.reason) == ("enhanced", "")
            wave, _ = read_audio(outcome.target)
            assert np.isfinite(wave).all()
            assert audio_info(outcome.target) == audio_info(outcome.source)
            assert soundfile.info(os.fsencode(outcome.target)).subtype == soundfile.info(
                os.fsencode(outcome.source)
            ).subtype
            whole += 1
        else:
            assert outcome.status == "failed"
            assert re.search(words, outcome.reason), outcome.reason
            assert "\n" not in outcome.reason and not outcome.target.is_file()
    assert len(results(tmp_path / "out")) == whole


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    for name in ("open", "secret"):
        write_audio(tmp_path / f"{name}.wav", NOISE, RATE_HZ)
    (tmp_path / "secret.wav").chmod(0)
    if os.geteuid() == 0:  # who may read everything
        whole = Path.open

        def refuse(path, *arguments, **options):
            if path.name == "secret.wav":
                raise PermissionError(13, "Permission denied", str(path))
            return whole(path, *arguments, **options)

        monkeypatch.setattr(Path, "open", refuse)
    outcomes = run([tmp_path / "secret.wav", tmp_path / "open.wav"], tmp_path / "out")
    assert "cannot be read: Permission denied" in outcomes[tmp_path / "secret.wav"].reason
    assert results(tmp_path / "out") == ["open.wav"]


def test_one_name_in_two_folders(tmp_path):
    for folder in ("one", "two"):
        write_audio(tmp_path / folder / "same.wav", NOISE, RATE_HZ)
    outcomes = run([tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    assert outcomes[tmp_path / "one" / "same.wav"].status == "enhanced"
    assert "gives the same result" in outcomes[tmp_path / "two" / "same.wav"].reason
    # Of their common folder they are two.
    assert {outcome.status for outcome in run([tmp_path], tmp_path / "all").values()} == {"enhanced"}


def test_names_that_differ_in_the_suffix_only(tmp_path):
    (tmp_path / "in").mkdir()
    for suffix in (".wav", ".flac", ".WAV"):
        audio(NOISE, "PCM_16", suffix)(tmp_path / "in" / "take.wav")
    outcomes = run([tmp_path / "in"], tmp_path / "out")
    assert results(tmp_path / "out") == ["take.flac", "take.wav"]
    assert sum(outcome.status == "failed" for outcome in outcomes.values()) == 1


def test_an_input_is_never_overwritten(tmp_path):
    for name in ("a", "b"):
        write_audio(tmp_path / "in" / f"{name}.wav", NOISE, RATE_HZ)
    (tmp_path / "linked").symlink_to(tmp_path / "in")
    before = (tmp_path / "in" / "a.wav").read_bytes()
    for out in (tmp_path / "in", tmp_path / "linked"):
        outcomes = run([tmp_path / "in"], out)
        assert all("would overwrite its own input" in outcome.reason for outcome in outcomes.values())
        jobs, _ = plan_jobs(find_recordings([tmp_path / "in"]), out)
        assert not jobs
    assert (tmp_path / "in" / "a.wav").read_bytes() == before
    # Results inside of the folder are no recordings of the next run.
    inside = tmp_path / "in" / "clean"
    assert len(run([tmp_path / "in"], inside)) == 2
    assert [one.identifier for one in find_recordings([tmp_path / "in"], (), inside)] == ["a", "b"]


def test_ids_that_lead_out_of_the_folder(tmp_path):
    write_audio(tmp_path / "a.wav", NOISE, RATE_HZ)
    (tmp_path / "list.scp").write_text("../escaped a.wav\n/tmp/escaped a.wav\nfine/a a.wav\n")
    jobs, refused = plan_jobs(find_recordings([tmp_path / "list.scp"]), tmp_path / "out")
    assert [job.identifier for job in jobs] == ["fine/a"]
    assert len(refused) == 2 and all("leads out" in outcome.reason for outcome in refused)


def test_a_recording_that_vanishes_before_its_turn(tmp_path):
    for name in "ab":
        write_audio(tmp_path / "in" / f"{name}.wav", NOISE, RATE_HZ)

    class Remover(Idle):
        def restore(self, wave, peak):
            (tmp_path / "in" / "b.wav").unlink(missing_ok=True)
            return super().restore(wave, peak)

    outcomes = run([tmp_path / "in"], tmp_path / "out", Remover())
    assert outcomes[tmp_path / "in" / "a.wav"].status == "enhanced"
    assert "does not exist" in outcomes[tmp_path / "in" / "b.wav"].reason


def test_a_network_that_fails_on_one_recording(tmp_path):
    write_audio(tmp_path / "in" / "a.wav", NOISE, RATE_HZ)
    write_audio(tmp_path / "in" / "b.wav", NOISE[:500], RATE_HZ)

    class Moody(Idle):
        def restore(self, wave, peak):
            if wave.shape[1] > 1000:
                raise RuntimeError("out of memory:\n tried to allocate 5 GB")
            return super().restore(wave, peak)

    outcomes = run([tmp_path / "in"], tmp_path / "out", Moody())
    reason = outcomes[tmp_path / "in" / "a.wav"].reason
    assert "a.wav: RuntimeError: out of memory: tried" in reason and "--window_s" in reason
    assert results(tmp_path / "out") == ["b.wav"]


def test_an_output_folder_that_cannot_be_written_to(tmp_path):
    write_audio(tmp_path / "a.wav", NOISE, RATE_HZ)
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="is no folder; choose another"):
        run([tmp_path / "a.wav"], tmp_path / "out")


@pytest.mark.parametrize(("level", "suffix"), [("keep", ".wav"), ("keep", ".flac"), ("match", ".wav")])
def test_a_full_disk(tmp_path, level, suffix):
    """A limit for the size of files stands for it: the long recording fails, the short one is there."""
    long = np.tile(NOISE, (40, 1))
    write_audio(tmp_path / "in" / f"long{suffix}", long, RATE_HZ)
    write_audio(tmp_path / "in" / f"short{suffix}", NOISE[:100], RATE_HZ)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        outcomes = run([tmp_path / "in"], tmp_path / "out", level=level)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    failed = outcomes[tmp_path / "in" / f"long{suffix}"]
    assert failed.status == "failed" and str(tmp_path / "out") in failed.reason
    assert results(tmp_path / "out") == [f"short{suffix}"]
