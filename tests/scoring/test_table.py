"""Tables: right means over the right files, aligned text, valid Markdown."""

import io
import sys

import pytest

from espnet_plugin.scoring import table
from espnet_plugin.scoring.metric import Column, Unavailable
from espnet_plugin.scoring.scores import Scores
from espnet_plugin.scoring.table import Comparison

PESQ, LSD = Column("PESQ"), Column("LSD", better="lower", unit="dB", decimals=1)
NAN = float("nan")


def scores(pesq, lsd):
    return Scores(columns=[PESQ, LSD], values={"PESQ": pesq, "LSD": lsd})


@pytest.fixture
def comparison():
    noisy = scores({"a": 1.0, "b": 2.0, "c": 9.0}, {"a": 4.0, "b": NAN, "c": NAN})
    enhanced = scores({"a": 2.0, "b": 4.0}, {"a": 3.0, "b": 1.0})
    return Comparison("mini", noisy, enhanced, {"SNR": {"low": {"a"}, "high": {"b"}, "none": {"zzz"}}})


def test_means_are_over_files_with_a_value_on_both_sides(comparison):
    rows = table.comparison_rows(comparison, [PESQ, LSD])
    assert rows[0] == ["", "PESQ ↑", "LSD [dB] ↓"]
    assert rows[1] == ["noisy", "1.50", "4.0"]  # not file c, which has no enhanced value
    assert rows[2] == ["enhanced", "3.00", "3.0"]
    # Gains 1 and 2: mean 1.5, margin t(1) * 0.7071 / sqrt(2) = 12.706 * 0.5; one file has no margin.
    assert rows[3] == ["difference", "+1.50 ± 6.35", "−1.0"]


def test_breakdown(comparison):
    rows = table.breakdown_rows(comparison, "SNR", [PESQ, LSD])
    assert rows[1:] == [["low", "1", "1.00 → 2.00", "4.0 → 3.0"], ["high", "1", "2.00 → 4.00", "–"]]


def test_single_set_counts_what_has_no_value():
    rows = table.scores_rows(scores({"a": 1.0, "b": 3.0}, {"a": NAN, "b": NAN}))
    assert rows[1] == ["PESQ ↑", "2.00", "−10.71 to 14.71", "2", "0"]
    assert rows[2] == ["LSD [dB] ↓", "–", "–", "0", "2"]


def test_text_is_aligned_and_markdown_has_equal_cells(comparison):
    rows = table.comparison_rows(comparison, [PESQ, LSD])
    lines = table.text(rows).splitlines()
    assert len({len(line) for line in lines if not line.startswith("-")}) == 1
    assert {line.count("|") for line in table.markdown([*rows, ["a|b", "", ""]]).splitlines()} == {4, 5}
    assert "a\\|b" in table.markdown([["x"], ["a|b"]])


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "expected"),
    [
        (0.001, 2, True, "0.00"),
        (-0.001, 2, True, "0.00"),
        (-1.25, 1, False, "−1.2"),
        (2, 0, True, "+2"),
        (NAN, 1, True, "–"),
    ],
)
def test_numbers(value, decimals, sign, expected):
    assert table.number(value, decimals, sign) == expected


def test_remarks_name_everything_that_is_missing():
    found = scores({}, {})
    found.errors = {f"file{number}": "too short" for number in range(12)}
    found.notes = {"PESQ": {"a": "silent", "b": "silent"}, "LSD": {"c": "odd"}}
    found.unavailable = {"NISQA": Unavailable("no weights", "get them")}
    lines = table.remarks(found)
    assert lines[0] == "not scored: file0: too short"
    assert lines[10] == "not scored: 2 more, all are in scores.json"
    assert lines[11:] == [
        "PESQ has no value for 2 files, the first is a: silent",
        "LSD has no value for 1 file c: odd",
        "NISQA is not available: no weights; get them",
    ]


def test_printing_never_fails_on_a_narrow_terminal(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    table.show("PESQ ↑ −1.00")
    assert narrow.buffer.getvalue() == b"PESQ ? ?1.00\n"
