"""Scores read back from the lists that `urgent26 score` or another tool wrote."""

import math

import numpy as np
import pytest

from espnet_plugin.audio.scp import find_audio
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.report.score_folder import read_scores
from espnet_plugin.scoring.run import score_files


def test_what_was_scored_comes_back(tmp_path):
    random = np.random.default_rng(0)
    for name in ("a b", "c"):
        wave = random.uniform(-0.3, 0.3, 8000)
        write_audio(tmp_path / "clean" / f"{name}.wav", wave, 16000)
        write_audio(tmp_path / "out" / f"{name}.wav", wave + random.uniform(-0.1, 0.1, 8000), 16000)
    write_audio(tmp_path / "out" / "d.wav", wave, 16000)
    out, clean = find_audio(tmp_path / "out"), find_audio(tmp_path / "clean")
    written = score_files(out, clean, tmp_path / "scores", ["si-sdr", "lsd"])
    read = read_scores(tmp_path / "scores")
    assert read.values == written.values and read.columns == written.columns
    assert set(read.errors) == {"d"}


def test_lists_of_another_tool(tmp_path):
    (tmp_path / "ODD.scp").write_text("one 1.5\n\ntwo nan\n")
    (tmp_path / "LSD.scp").write_text("one 3\ntwo 4\n")
    scores = read_scores(tmp_path)
    assert [(column.name, column.better) for column in scores.columns] == [
        ("LSD", "lower"),
        ("ODD", "higher"),
    ]
    assert scores.values["ODD"]["one"] == 1.5 and math.isnan(scores.values["ODD"]["two"])
    (tmp_path / "scores.json").write_text('{"metrics": {"ODD": {"better": "lower", "unit": "m"}}}')
    column = read_scores(tmp_path).columns[1]
    assert (column.better, column.unit) == ("lower", "m")


def test_weights_that_are_not_there_weigh_nothing(tmp_path, monkeypatch):
    from espnet_plugin.report import score_folder
    from espnet_plugin.scoring.metric import Column

    known = {"ACC": Column("ACC", weight="WORDS"), "WORDS": Column("WORDS", shown=False)}
    monkeypatch.setattr(score_folder, "_known_columns", lambda: known)
    (tmp_path / "ACC.scp").write_text("one 100\ntwo 0\n")
    scores = read_scores(tmp_path)
    assert scores.summary(scores.columns[0]).mean == 50
    (tmp_path / "WORDS.scp").write_text("one 9\ntwo 1\n")
    scores = read_scores(tmp_path)
    assert scores.summary(scores.columns[0]).mean == 90 and [one.name for one in scores.shown] == ["ACC"]


@pytest.mark.parametrize(
    "name, text, words",
    [
        (None, "", "urgent26 score"),
        ("notes.txt", "", "no <METRIC>.scp"),
        ("PESQ.scp", "one\n", "line 1: expected 'id value'"),
        ("PESQ.scp", "one 1\ntwo many\n", "line 2: expected 'id value'"),
    ],
)
def test_what_is_no_folder_of_scores(tmp_path, name, text, words):
    folder = tmp_path / "scores"
    if name:
        folder.mkdir()
        (folder / name).write_text(text)
    with pytest.raises(UserError, match=words):
        read_scores(folder)


def test_damaged_json(tmp_path):
    (tmp_path / "PESQ.scp").write_text("one 1\n")
    (tmp_path / "scores.json").write_text("[1]")
    with pytest.raises(UserError, match="scores.json"):
        read_scores(tmp_path)
