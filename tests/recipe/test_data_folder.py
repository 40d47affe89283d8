from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.data_folder import REJECTED, make_data_folder
from espnet_plugin.recipe.recordings import Recording, from_folders, from_simulated
from espnet_plugin.simulation.meta import Row, write_meta


def write(path: Path, samples=800, rate_hz=16000, channels=1, level=0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = level * np.random.default_rng(samples).standard_normal((samples, channels))
    soundfile.write(path, np.clip(wave, -0.9, 0.9), rate_hz)
    return path


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def make(tmp_path, noisy, clean=None, **options):
    folder = tmp_path / "data" / "real"
    make_data_folder(folder, lambda: from_folders(noisy, clean), source=str(noisy), **options)
    return folder


def test_folder_with_references_blanks_and_several_rates(tmp_path):
    noisy, clean = tmp_path / "noisy", tmp_path / "clean"
    for stem, rate_hz in {"b": 16000, "sub dir/a 1": 48000}.items():
        write(noisy / f"{stem}.flac", rate_hz=rate_hz)
        write(clean / f"{stem}.wav", rate_hz=rate_hz)
    write(clean / "unused.wav")
    folder = make(tmp_path, noisy, clean)
    assert lines(folder / "utt2fs") == ["b 16000", "sub_dir_a_1 48000"]
    assert lines(folder / "utt2category") == ["b 1ch_16000Hz", "sub_dir_a_1 1ch_48000Hz"]
    assert lines(folder / "speech_length.scp") == ["b 800", "sub_dir_a_1 800"]
    assert lines(folder / "spk2utt") == ["b b", "sub_dir_a_1 sub_dir_a_1"]
    for name in ("wav.scp", "spk1.scp"):
        for line in lines(folder / name):
            identifier, path = line.split(" ")
            assert Path(path).is_absolute() and soundfile.info(path).frames == 800


def test_without_references(tmp_path):
    write(tmp_path / "noisy" / "a.wav", channels=2)
    folder = make(tmp_path, tmp_path / "noisy")
    assert not (folder / "spk1.scp").exists()
    assert lines(folder / "utt2category") == ["a 2ch_16000Hz"]
    assert lines(folder / "text") == ["a <not-available>"] and lines(folder / "utt2lang") == ["a und"]


def bad_text(folder):
    (folder / "noisy" / "b.wav").write_text("not audio")


def bad_silence(folder):
    write(folder / "noisy" / "b.wav", level=0)


def bad_empty(folder):
    write(folder / "noisy" / "b.wav", samples=0)


def bad_nan(folder):
    soundfile.write(folder / "noisy" / "b.wav", np.full(800, np.nan), 16000, subtype="FLOAT")


def bad_length(folder):
    write(folder / "clean" / "b.wav", samples=801)


def bad_rate(folder):
    write(folder / "clean" / "b.wav", rate_hz=8000)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (bad_text, "no audio file"),
        (bad_silence, "silent"),
        (bad_empty, "empty"),
        (bad_nan, "not finite"),
        (bad_length, "differ in samples"),
        (bad_rate, "differ in rate_hz"),
    ],
)
def test_bad_files_are_named_listed_and_can_be_left_out(tmp_path, spoil, words):
    for side in ("noisy", "clean"):
        for stem in "abc":
            write(tmp_path / side / f"{stem}.wav")
    spoil(tmp_path)
    with pytest.raises(UserError, match=f"1 of 3 files cannot be used.*{words}.*--skip_bad") as error:
        make(tmp_path, tmp_path / "noisy", tmp_path / "clean")
    assert "\n" not in str(error.value)
    folder = tmp_path / "data" / "real"
    assert [line.split("\t")[0] for line in lines(folder / REJECTED)] == ["b"]
    assert not (folder / "wav.scp").exists()
    make(tmp_path, tmp_path / "noisy", tmp_path / "clean", skip_bad=True)
    assert [line.split()[0] for line in lines(folder / "wav.scp")] == ["a", "c"]


def test_missing_reference_missing_and_empty_folder(tmp_path):
    write(tmp_path / "noisy" / "a.wav")
    write(tmp_path / "clean" / "b.wav")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="1 of 1 recordings.*first: a"):
        make(tmp_path, tmp_path / "noisy", tmp_path / "clean")
    with pytest.raises(UserError, match="holds no audio file"):
        make(tmp_path, tmp_path / "empty")
    with pytest.raises(UserError, match="does not exist"):
        make(tmp_path, tmp_path / "nowhere")


def test_again_is_a_no_op_and_a_change_is_seen(tmp_path, capsys):
    write(tmp_path / "noisy" / "a.wav")
    make(tmp_path, tmp_path / "noisy", inputs="1")

    def not_called():
        raise AssertionError("the work is done again")

    folder = tmp_path / "data" / "real"
    make_data_folder(folder, not_called, source=str(tmp_path / "noisy"), inputs="1")
    assert "already done" in capsys.readouterr().out
    with pytest.raises(UserError, match="--force"):
        make_data_folder(folder, not_called, source="elsewhere", inputs="1")
    write(tmp_path / "noisy" / "b.wav")
    make(tmp_path, tmp_path / "noisy", inputs="2")
    assert len(lines(folder / "wav.scp")) == 2


def test_simulated_set(tmp_path):
    for side in ("noisy", "clean"):
        write(tmp_path / side / "0" / "fileid_1.flac")
    paths = ("noisy/0/fileid_1.flac", "clean/0/fileid_1.flac")
    row = Row("fileid_1", *paths, "u1", "s1", "noise1", 5.0, "none", "none", 16000, 800, 'a "b" c')
    write_meta(tmp_path / "meta.tsv", [row])
    (tmp_path / "utt2lang").write_text("u1 deu\n")
    expected = Recording(
        "fileid_1",
        tmp_path / "noisy/0/fileid_1.flac",
        tmp_path / "clean/0/fileid_1.flac",
        speaker="s1",
        text='a "b" c',
        language="deu",
    )
    assert from_simulated(tmp_path, tmp_path / "utt2lang") == [expected]
    write_meta(tmp_path / "meta.tsv", [])
    with pytest.raises(UserError, match="lists no file"):
        from_simulated(tmp_path)
    with pytest.raises(UserError, match="meta.tsv"):
        from_simulated(tmp_path / "nowhere")
