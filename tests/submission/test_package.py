"""The zip of a submission."""

import io
import zipfile

import numpy as np
import pytest
import soundfile
import yaml

from espnet_plugin.audio.read import read_audio
from espnet_plugin.audio.scp import find_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.submission import package as packaging
from espnet_plugin.submission import validate
from espnet_plugin.submission.package import make_package
from espnet_plugin.worker_processes import in_processes
from tests.submission.filled import make_sets, readme


@pytest.fixture
def sets(tmp_path):
    (tmp_path / "README.yaml").write_text(yaml.safe_dump(readme()))
    return make_sets(tmp_path)


def make(sets, folder, **options):
    noisy, enhanced = sets
    return make_package(
        enhanced, noisy, folder / "README.yaml", folder / "sub" / "my.zip", progress=False, **options
    )


def test_it_holds_16_bit_mono_flac_of_the_noisy_names_rates_and_lengths(sets, tmp_path):
    noisy, enhanced = sets
    package = make(sets, tmp_path)
    target = tmp_path / "sub" / "my.zip"
    assert package.problems == [] and package.files == 6 and package.size_bytes == target.stat().st_size
    with zipfile.ZipFile(target) as file:
        assert set(file.namelist()) == {"README.yaml", *(f"enhanced/{name}.flac" for name in noisy)}
        assert file.read("README.yaml") == (tmp_path / "README.yaml").read_bytes()
        for name, path in enhanced.items():
            with soundfile.SoundFile(io.BytesIO(file.read(f"enhanced/{name}.flac"))) as audio:
                assert (audio.format, audio.subtype, audio.channels) == ("FLAC", "PCM_16", 1)
                assert audio.samplerate == soundfile.info(noisy[name]).samplerate
                decoded = audio.read(dtype="float32")
            assert np.abs(decoded - read_audio(path)[0][:, 0]).max() <= 0.5 / 2**15 + 1e-7
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["my.zip"]


def test_the_same_input_gives_the_same_bytes_for_any_number_of_workers(sets, tmp_path, monkeypatch):
    def in_two(function, tasks, workers, tasks_per_trip=8, tasks_per_worker=100):
        return in_processes(function, tasks, workers, tasks_per_trip, tasks_per_worker=1)

    make(sets, tmp_path)
    before = (tmp_path / "sub" / "my.zip").read_bytes()
    monkeypatch.setattr(packaging, "in_processes", in_two)
    monkeypatch.setattr(validate, "in_processes", in_two)
    monkeypatch.setattr(validate, "FILES_PER_TASK", 2)
    assert make(sets, tmp_path, force=True, workers=2).problems == []
    assert (tmp_path / "sub" / "my.zip").read_bytes() == before


def test_every_bad_recording_is_named_and_nothing_is_written(sets, tmp_path):
    noisy, enhanced = sets
    wave, rate_hz = read_audio(enhanced["fileid_0"])
    broken = wave.copy()
    broken[5] = np.nan
    soundfile.write(enhanced["fileid_0"], broken, rate_hz, subtype="FLOAT")
    write_audio(enhanced["fileid_1"], np.zeros((837, 2)), 22050)
    write_audio(enhanced["fileid_2"], np.zeros(873), 48000)
    write_audio(enhanced["fileid_3"], np.zeros(911), 16000)
    enhanced["fileid_4"].write_bytes(b"RIFF")
    enhanced["other"] = enhanced.pop("fileid_5")
    (tmp_path / "README.yaml").write_text(yaml.safe_dump(readme(colour="red", team=...)))
    found = "\n".join(make(sets, tmp_path).problems)
    for words in (
        "README.yaml: unknown key 'colour'",
        "README.yaml: the key 'team' is missing",
        "fileid_0.wav: holds NaN or infinite samples",
        "fileid_1.wav: has 2 channels, not one",
        "fileid_2.wav: has 873 samples, the noisy file 874",
        "fileid_3.wav: has 16000 Hz, the noisy file 8000 Hz",
        "fileid_4.wav is no audio file",
        "fileid_5.flac: has no enhanced file",
        "fileid_5.wav: belongs to no noisy file",
    ):
        assert words in found
    assert found.count("\n") == 8
    assert list((tmp_path / "sub").iterdir()) == []


def test_a_zip_that_is_too_large_is_not_written(sets, tmp_path, monkeypatch):
    monkeypatch.setattr(packaging, "SIZE_LIMIT_BYTES", 5000)
    assert "has to be below 0 MB" in make(sets, tmp_path).problems[0]
    assert list((tmp_path / "sub").iterdir()) == []


def test_what_the_check_of_the_finished_zip_finds_counts(sets, tmp_path, monkeypatch):
    monkeypatch.setattr(packaging, "submission_problems", lambda *_: ["an encoder failed"])
    assert make(sets, tmp_path).problems == [f"{tmp_path}/sub/my.zip: an encoder failed"]
    assert list((tmp_path / "sub").iterdir()) == []


def test_clipping_is_counted(sets, tmp_path):
    _, enhanced = sets
    write_audio(enhanced["fileid_3"], np.full(911, 1.5), 8000, "FLOAT")
    package = make(sets, tmp_path)
    assert package.clipped == {enhanced["fileid_3"]: 911} and "1 reached full scale" in package.line()


def test_a_zip_that_is_there_is_kept(sets, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".my.zip.0123.tmp").write_bytes(b"of a killed run")
    make(sets, tmp_path)
    (target,) = (tmp_path / "sub").iterdir()
    before = target.read_bytes()
    with pytest.raises(UserError, match="add --force"):
        make(sets, tmp_path)
    sets[1].pop("fileid_0")
    assert make(sets, tmp_path, force=True).problems
    assert target.read_bytes() == before


def test_mistakes_of_the_call(sets, tmp_path):
    noisy, enhanced = sets
    with pytest.raises(UserError, match="--template README.yaml"):
        make_package(enhanced, noisy, tmp_path / "nowhere.yaml", tmp_path / "a.zip")
    with pytest.raises(UserError, match="ends with .zip"):
        make_package(enhanced, noisy, tmp_path / "README.yaml", tmp_path / "a.tar")
    same = {"1/a": tmp_path / "1" / "a.flac", "2/a": tmp_path / "2" / "a.flac"}
    with pytest.raises(UserError, match="share the name enhanced/a.flac"):
        make_package(enhanced, same, tmp_path / "README.yaml", tmp_path / "a.zip")


def test_real_recordings_of_the_challenge(shared, tmp_path):
    (tmp_path / "README.yaml").write_text(yaml.safe_dump(readme()))
    folder = shared / "audio" / "urgent26"
    package = make((find_audio(folder / "noisy"), find_audio(folder / "enh")), tmp_path)
    assert package.problems == [] and package.files == 3
