from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.corpus import prepare_corpus
from espnet_plugin.recipe.folder_corpus import split


def write(path: Path, rate_hz: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.ones(100), rate_hz)


@pytest.fixture
def folders(tmp_path):
    for number in range(40):
        write(tmp_path / "my speech" / f"anna {number % 2}" / f"take {number}.wav", 22050)
        write(tmp_path / "noise" / f"n{number}.flac")
    return tmp_path


@given(st.sets(st.text("abcdefghij0123456789", min_size=1, max_size=8), min_size=3, max_size=60))
def test_no_split_is_empty_and_none_shares_a_file(names):
    parts = split({name: Path(name) for name in names})
    assert all(parts.values())
    assert sorted(uid for part in parts.values() for uid in part) == sorted(names)


def test_shares_of_a_large_folder_stay_when_files_are_added():
    before = split({f"utterance{number}": Path("x") for number in range(2000)})
    percent = [len(before[name]) / 20 for name in ("train", "valid", "test")]
    assert percent == pytest.approx([90, 5, 5], abs=1.5)
    after = split({f"utterance{number}": Path("x") for number in range(3000)})
    assert all(set(before[name]) <= set(after[name]) for name in before)


def test_lists_only(folders):
    prepare_corpus("folder", folders / "corpus", folders / "my speech", folders / "noise")
    lines = (folders / "corpus" / "train" / "speech.scp").read_text().splitlines()
    for line in lines:
        uid, rate_hz, path = line.split(" ")
        assert rate_hz == "22050" and soundfile.info(path).frames == 100
    assert len(lines) > 30 and (folders / "corpus" / "train" / "rirs.scp").read_text() == ""
    pairs = (folders / "corpus" / "train" / "utt2spk").read_text().splitlines()
    assert {pair.split()[1] for pair in pairs} == {"anna_0", "anna_1"}
    real_files = [path for path in (folders / "corpus").rglob("*.wav") if not path.is_symlink()]
    assert not real_files


def test_again_and_with_other_folders(folders, capsys):
    prepare_corpus("folder", folders / "corpus", folders / "my speech", folders / "noise")
    prepare_corpus("folder", folders / "corpus", folders / "my speech", folders / "noise")
    assert "already done" in capsys.readouterr().out
    with pytest.raises(UserError, match="--force"):
        prepare_corpus("folder", folders / "corpus", folders / "noise", folders / "noise")


@pytest.mark.parametrize(
    "kind, options, words",
    [
        ("vctk", {}, "choose from mini, folder, urgent26"),
        ("mini", {"clean_dir": "x"}, "--corpus folder"),
        ("folder", {"clean_dir": "x"}, "needs --noise_dir"),
        ("folder", {"clean_dir": "nowhere", "noise_dir": "nowhere"}, "--clean_dir nowhere does not exist"),
    ],
)
def test_wrong_calls_are_one_line(tmp_path, kind, options, words):
    with pytest.raises(UserError, match=words) as error:
        prepare_corpus(kind, tmp_path / "corpus", **options)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_audio(folders):
    (folders / "noise" / "broken.wav").write_text("text")
    with pytest.raises(UserError, match="broken.wav"):
        prepare_corpus("folder", folders / "corpus", folders / "my speech", folders / "noise")
