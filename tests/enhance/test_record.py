"""The record of an output folder: fingerprints of models; the rest is tested with whole runs."""

import pytest

from espnet_plugin.enhance.record import Record, content_digest
from espnet_plugin.errors import UserError


def test_a_model_is_its_content_wherever_it_lies(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.pth").write_bytes(content)
        (folder / "config.yaml").write_text("separator: x")
    digests = [content_digest(tmp_path / name) for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    (tmp_path / "a" / "3epoch.pth").write_bytes(b"of the training")
    assert content_digest(tmp_path / "a") == digests[0]
    (tmp_path / "a" / "config.yaml").write_text("separator: y")
    assert content_digest(tmp_path / "a") != digests[0]


def test_parts_and_tags(tmp_path):
    for name in ("One.pt", "Two.pt"):
        (tmp_path / name).write_text(name)
    both = {"one": tmp_path / "One.pt", "two": tmp_path / "Two.pt"}
    assert content_digest(tmp_path) == content_digest(both)
    assert content_digest("someone/model") == "someone/model"
    assert content_digest(tmp_path / "One.pt") != content_digest(tmp_path / "Two.pt")


def test_an_older_file_until_it_is_replaced(tmp_path):
    recording = tmp_path / "in.wav"
    recording.touch()
    Record(tmp_path, {"model": "x"}).note({"a.wav": recording})
    record = Record(tmp_path, {"model": "y"})
    record.note({"a.wav": recording, "b.wav": recording}, older=["a.wav"])
    killed = Record(tmp_path, {"model": "y"})
    killed.check(["a.wav", "b.wav"])
    assert killed.made_from("a.wav", recording) is False and killed.made_from("b.wav", recording)
    record.replaced("a.wav")
    assert Record(tmp_path, {"model": "y"}).made_from("a.wav", recording)
    # Of what the recording was when the work began, not of what it became meanwhile.
    record.note({"a.wav": recording}, older=["a.wav"])
    recording.write_bytes(b"changed")
    record.replaced("a.wav")
    assert Record(tmp_path, {"model": "y"}).made_from("a.wav", recording) is False


def test_runs_at_the_same_time_do_not_lose_each_others_lines(tmp_path):
    (tmp_path / "in.wav").touch()
    first, second = (Record(tmp_path, {"model": "x"}) for _ in range(2))
    first.note({"a.wav": tmp_path / "in.wav"})
    second.note({"b.wav": tmp_path / "in.wav"})
    record = Record(tmp_path, {"model": "x"})
    assert record.made_from("a.wav", tmp_path / "in.wav") and record.made_from("b.wav", tmp_path / "in.wav")
    assert record.made_from("c.wav", tmp_path / "in.wav") is None
    record.check(["a.wav", "b.wav", "c.wav"])
    with pytest.raises(UserError, match="model: x -> y"):
        Record(tmp_path, {"model": "y"}).check(["b.wav"])
