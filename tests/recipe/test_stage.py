import json

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.stage import Stage, finished_record, fingerprint


def finish(folder, settings, inputs="", **options):
    stage = Stage(folder, "work", settings, inputs, **options)
    assert not stage.finished()
    stage.start()
    stage.finish({"text": "3 files"})


def test_finished_only_with_the_same_settings_and_inputs(tmp_path):
    finish(tmp_path, {"seed": 0, "path": tmp_path}, "a")
    again = Stage(tmp_path, "work", {"path": tmp_path, "seed": 0}, "a")
    assert again.finished() and not again.outdated and again.summary == {"text": "3 files"}
    changed = Stage(tmp_path, "work", {"path": tmp_path, "seed": 0}, "b")
    assert not changed.finished() and changed.outdated


def test_other_settings_are_an_error_that_names_them_and_force(tmp_path):
    finish(tmp_path, {"seed": 0, "rate": 16000})
    other = Stage(tmp_path, "work", {"seed": 1, "rate": 16000})
    with pytest.raises(UserError, match=r"seed: 0 -> 1\); add --force"):
        other.finished()
    finish(tmp_path, {"seed": 1, "rate": 16000}, force=True)
    assert Stage(tmp_path, "work", {"seed": 1, "rate": 16000}).finished()


def test_a_killed_stage_is_continued_but_not_with_other_settings(tmp_path):
    Stage(tmp_path, "work", {"seed": 0}).start()
    assert finished_record(tmp_path / "work.stage.json") is None
    same = Stage(tmp_path, "work", {"seed": 0})
    assert not same.finished() and not same.outdated
    with pytest.raises(UserError, match="--force"):
        Stage(tmp_path, "work", {"seed": 1}).finished()


def test_a_damaged_record_is_no_traceback(tmp_path):
    (tmp_path / "work.stage.json").write_text("{")
    with pytest.raises(UserError, match="remove it"):
        Stage(tmp_path, "work", {})


def test_record_is_readable(tmp_path):
    finish(tmp_path, {"name": "Grüße"})
    record = json.loads((tmp_path / "work.stage.json").read_text(encoding="utf-8"))
    assert record["settings"] == {"name": "Grüße"} and record["finished"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["work.stage.json"]


def test_fingerprint_sees_changes_and_missing_files(tmp_path):
    file = tmp_path / "a.wav"
    file.write_bytes(b"1")
    before = fingerprint([file])
    assert fingerprint([str(file)]) == before
    file.write_bytes(b"12")
    assert fingerprint([file]) != before
    with pytest.raises(UserError, match="is missing"):
        fingerprint([tmp_path / "b.wav"])
