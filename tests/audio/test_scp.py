"""Lists and folders of audio files."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espnet_plugin.audio.scp import find_audio, read_scp, write_scp
from espnet_plugin.errors import UserError

LETTERS = st.characters(categories=("L", "N"), include_characters="-_.")
NAMES = st.text(LETTERS, min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(mapping=st.dictionaries(NAMES, NAMES, min_size=1, max_size=6))
def test_list_written_and_read_again_is_the_same(tmp_path_factory, mapping):
    folder = tmp_path_factory.mktemp("scp")
    absolute = {identifier: folder / "audio" / name for identifier, name in mapping.items()}
    write_scp(folder / "wav.scp", absolute)
    assert read_scp(folder / "wav.scp") == absolute
    assert list(read_scp(folder / "wav.scp")) == sorted(absolute)


def test_relative_paths_count_from_the_folder_of_the_list(tmp_path):
    (tmp_path / "wav.scp").write_text("a noisy/a.flac\nb /data/b.wav\n\nc\tname with blanks.wav\n")
    assert read_scp(tmp_path / "wav.scp") == {
        "a": tmp_path / "noisy" / "a.flac",
        "b": Path("/data/b.wav"),
        "c": tmp_path / "name with blanks.wav",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n", "line 1: expected 'id path'"),
        ("a x.wav\na y.wav\n", "line 2: the id a comes twice"),
        ("a sox x.wav -t wav - |\n", "shell pipes are not run"),
        ("\n \n", "is empty"),
    ],
)
def test_bad_lists_are_one_line_errors(tmp_path, text, words):
    (tmp_path / "wav.scp").write_text(text)
    with pytest.raises(UserError, match=words):
        read_scp(tmp_path / "wav.scp")


def test_missing_list_and_binary_list(tmp_path):
    with pytest.raises(UserError, match="cannot read the list"):
        read_scp(tmp_path / "wav.scp")
    (tmp_path / "wav.scp").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UserError, match="cannot read the list"):
        read_scp(tmp_path / "wav.scp")


@pytest.mark.parametrize("identifier", ["", "two words", "tab\tted", "end "])
def test_ids_with_blanks_are_refused_and_the_old_list_stays(tmp_path, identifier):
    write_scp(tmp_path / "wav.scp", {"a": "/x.wav"})
    with pytest.raises(UserError, match="blank"):
        write_scp(tmp_path / "wav.scp", {"a": "/y.wav", identifier: "/z.wav"})
    assert (tmp_path / "wav.scp").read_text() == "a /x.wav\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_folder_is_searched_with_sub_folders_in_order(tmp_path):
    passed_over = ["notes.txt", ".hidden/x.wav", ".b.wav.12.tmp", "._c.wav"]
    for name in ["b.wav", "a/take.2.FLAC", "a/take.1.mp3", *passed_over]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_audio(tmp_path) == {
        "a/take.1": tmp_path / "a/take.1.mp3",
        "a/take.2": tmp_path / "a/take.2.FLAC",
        "b": tmp_path / "b.wav",
    }
    assert list(find_audio(tmp_path)) == ["a/take.1", "a/take.2", "b"]


def test_folder_errors(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        find_audio(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no audio file"):
        find_audio(tmp_path)
    (tmp_path / "a.wav").touch()
    (tmp_path / "a.flac").touch()
    with pytest.raises(UserError, match="share the name a"):
        find_audio(tmp_path)
