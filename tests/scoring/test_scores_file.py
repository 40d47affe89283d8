"""Reading `scores.json` for the ranking."""

import json

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores
from espnet_plugin.scoring.scores_file import read_means


def write(folder, **columns):
    path = folder / "scores.json"
    path.write_text(json.dumps({"metrics": columns}), encoding="utf-8")
    return path


def test_what_score_writes(tmp_path):
    scores = Scores(
        columns=[Column("PESQ"), Column("DNSMOS_OVRL"), Column("LSD", better="lower"), Column("ESTOI")],
        values={
            "PESQ": {"a": 1.0, "b": 2.0, "c": float("nan")},
            "DNSMOS_OVRL": {"a": 3.0, "b": 3.0, "c": 3.0},
            "LSD": {"a": 1.0, "b": 1.0, "c": 1.0},
            "ESTOI": {"a": float("nan"), "b": float("nan"), "c": float("nan")},
        },
        errors={"d": "too short"},
    )
    scores.write_json(tmp_path / "scores.json")
    means = read_means(tmp_path)
    assert means == read_means(tmp_path / "scores.json")
    assert means.values == {"PESQ": 1.5, "DNSMOS": 3.0}
    assert (means.files, means.incomplete, means.errors) == (3, {"PESQ": 1}, 1)


def test_names_and_units(tmp_path):
    path = write(
        tmp_path,
        OVRL={"mean": 2.5},
        speech_bert_score={"mean": 0.8},
        PhonemeSimilarity={"mean": 0.7},
        LID={"mean": 87.0, "unit": "%"},
        CAcc={"mean": 0.6969},
    )
    assert read_means(path).values == pytest.approx(
        {"DNSMOS": 2.5, "SpeechBERTScore": 0.8, "LPS": 0.7, "LID": 0.87, "CAcc": 69.69}
    )
    assert read_means(write(tmp_path, CAcc={"mean": 69.69, "unit": "%"})).values == {"CAcc": 69.69}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"metrics": [1]}', '{"metrics": {"PESQ": 1}}', '{"metrics": {"PESQ": {}}}']
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "scores.json"
    path.write_text(content)
    with pytest.raises(UserError, match="is not a scores.json"):
        read_means(path)


def test_nothing_to_rank(tmp_path):
    with pytest.raises(UserError, match="no metric of the ranking"):
        read_means(write(tmp_path, LSD={"mean": 3.0}, PESQ={"mean": None}))
    with pytest.raises(UserError, match="does not exist"):
        read_means(tmp_path / "nowhere")
