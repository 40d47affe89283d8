"""What names stand for: files, folders, patterns, lists."""

import io
import os
import sys
import types

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.enhance.inputs import find_recordings, gather, standard_input
from espnet_plugin.errors import UserError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("a.wav", "b/c.wav", "b/d.take.flac", "two words.wav"):
        write_audio(tmp_path / name, np.zeros(10, np.float32), 8000)
    (tmp_path / "film.mp4").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.wav").touch()
    (tmp_path / "b" / "up").symlink_to(tmp_path)  # round and round
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*inputs, **others):
    recordings = list(find_recordings(inputs, **others))
    assert not any(recording.problem for recording in recordings)
    return {recording.identifier: os.path.relpath(recording.path) for recording in recordings}


def test_folders_and_files(folder):
    everything = {
        "a": "a.wav",
        "b/c": "b/c.wav",
        "b/d.take": "b/d.take.flac",
        "film": "film.mp4",
        "two words": "two words.wav",
    }
    assert found(folder) == found(".") == everything
    assert found("a.wav", folder / "b") == {"a": "a.wav", "c": "b/c.wav", "d.take": "b/d.take.flac"}
    assert found("notes.txt") == {"notes": "notes.txt"}  # who names it wants it


def test_patterns(folder):
    assert found("b/*.wav") == {"c": "b/c.wav"}
    assert found("**/*.wav") == {"a": "a.wav", "b/c": "b/c.wav", "two words": "two words.wav"}
    assert found(f"{folder}/?.wav") == {"a": "a.wav"}
    write_audio(folder / "[x].wav", np.zeros(10, np.float32), 8000)
    assert found("[x].wav") == {"[x]": "[x].wav"}


def standing_for_stdin(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists(folder, monkeypatch, end):
    lines = ["a.wav", "./b/c.wav", "x/y b/d.take.flac", f"z {folder}/a.wav", "two words.wav", ""]
    lines.append(str(folder / "film.mp4"))
    (folder / "list.txt").write_text(end.join(lines))
    expected = {
        "a": "a.wav",
        "b/c": "b/c.wav",
        "x/y": "b/d.take.flac",
        "z": "a.wav",
        "two words": "two words.wav",
        "film": "film.mp4",
    }
    assert found(lists=["list.txt"]) == expected
    standing_for_stdin(monkeypatch, end.join(lines).encode())
    assert found(lists=["-"]) == expected
    standing_for_stdin(monkeypatch, f"../{folder.name}/b/c.wav\n".encode())
    assert found(lists=["-"]) == {"c": "b/c.wav"}
    standing_for_stdin(monkeypatch, b"a.wav\0two words.wav\0")
    assert found(lists=["-"]) == {"a": "a.wav", "two words": "two words.wav"}
    (folder / "b" / "wav.scp").write_text("u c.wav\n")
    assert found(folder / "b" / "wav.scp") == found(lists=["b/wav.scp"]) == {"u": "b/c.wav"}


def test_problems_do_not_stop_the_others(folder):
    (folder / "empty").mkdir()
    (folder / "empty.txt").touch()
    recordings = list(
        find_recordings(["missing.wav", "a.wav", "empty", "*.aiff", "no.scp"], ["nowhere.txt", "empty.txt"])
    )
    problems = [recording.problem for recording in recordings]
    expected = ["missing.wav does not exist", "", "holds no audio file", "no audio file fits"]
    expected += ["cannot read the list", "cannot read the list nowhere.txt", "empty.txt is empty"]
    for problem, words in zip(problems, expected, strict=True):
        assert words in problem and bool(words) == bool(problem)


def test_gather(folder):
    assert gather([folder / "b"]) == {"c": folder / "b" / "c.wav", "d.take": folder / "b" / "d.take.flac"}
    with pytest.raises(UserError, match="share the name c"):
        gather([folder / "b", folder / "b" / "c.wav"])
    with pytest.raises(UserError, match="does not exist"):
        gather(["nothing.wav"])


def test_the_standard_input_becomes_a_file(monkeypatch):
    standing_for_stdin(monkeypatch, b"12345")
    with standard_input() as path:
        assert path.read_bytes() == b"12345"
    assert not path.exists()
