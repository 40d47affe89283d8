"""The report of a run: a row for each file, for programs and for tables."""

import json
import os
from pathlib import Path

import pytest

from espnet_plugin.enhance.files import Summary
from espnet_plugin.enhance.job import Outcome
from espnet_plugin.enhance.report import COLUMNS, check_report_name, write_report
from espnet_plugin.errors import UserError

SUMMARY = Summary(
    [
        Outcome("a", Path("in/a.wav"), Path("out/a.wav"), "enhanced", "", 4.0, 3.0, 7, -1.5),
        Outcome("b", Path("in/b.wav"), Path("out/b.wav"), "skipped"),
        Outcome("c", Path(os.fsdecode(b"in/\xff\tc\n.wav")), Path("out/c.wav"), "failed", "no\tgood"),
    ],
    wall_s=3.25,
    memory_gib=1.5,
)


def test_json(tmp_path):
    write_report(tmp_path / "report.json", SUMMARY)
    content = json.loads((tmp_path / "report.json").read_text())
    assert (content["wall_s"], content["memory_gib"]) == (3.25, 1.5)
    first, second, third = content["files"]
    assert tuple(first) == COLUMNS
    assert (first["real_time_factor"], first["clipped_samples"], first["level_change_db"]) == (0.75, 7, -1.5)
    assert second["status"] == "skipped" and second["real_time_factor"] is None
    assert third["source"] == os.fsdecode(b"in/\xff\tc\n.wav") and third["reason"] == "no\tgood"


def test_table(tmp_path):
    write_report(tmp_path / "report.tsv", SUMMARY)
    lines = (tmp_path / "report.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4 and all(line.count("\t") == len(COLUMNS) - 1 for line in lines)
    assert lines[0].split("\t") == list(COLUMNS)
    assert lines[1].split("\t")[3:] == ["enhanced", "4.0", "3.0", "0.75", "7", "-1.5", ""]


def test_other_names_are_refused():
    with pytest.raises(UserError, match=".json or .tsv"):
        check_report_name(Path("report.html"))


def test_the_line_for_people():
    line = SUMMARY.line()
    assert line.startswith("1 enhanced, 1 were there already; 4.0 s of audio in 3.2 s (real-time factor 0.8")
    assert "1.5 GiB of memory; 1 reached full scale and were clipped; 1 FAILED" in line
