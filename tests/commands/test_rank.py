"""The verb `rank`."""

import csv
import json
import subprocess
import sys

import pytest

from espnet_plugin.cli import main
from espnet_plugin.scoring.leaderboard import LEADERBOARD


@pytest.fixture
def scores(tmp_path):
    """`scores(name, files=2, PESQ=2.0, ...)`: a folder with a scores.json."""

    def write(name, files=2, nan=0, **means):
        folder = tmp_path / name
        folder.mkdir()
        columns = {metric: {"mean": mean, "nan": nan} for metric, mean in means.items()}
        document = {"files": files, "metrics": columns, "errors": {}}
        (folder / "scores.json").write_text(json.dumps(document), encoding="utf-8")
        return str(folder)

    return write


def words_of(text, name):
    """The words of a system's row in the first table."""
    return next(line.split() for line in text.splitlines() if line.startswith(f"{name} "))


def test_the_published_leaderboard(capsys):
    assert main(["rank"]) == 0
    captured = capsys.readouterr()
    for place, (team, row) in enumerate(LEADERBOARD.items(), start=1):
        words = words_of(captured.out, team)
        assert words[1] == str(place) and words[-2:] == [row.overall, row.overall]
    assert "2.87 (5)" in captured.out and "69.69 (1)" in captured.out
    assert captured.err == ""


def test_own_systems_among_the_published(scores, capsys, tmp_path):
    mine = scores("mine", PESQ=2.55, ESTOI=0.863, DNSMOS_OVRL=2.80, SI_SDR=9.0)
    noisy = scores("noisy", PESQ=1.3, ESTOI=0.6, DNSMOS_OVRL=1.8, nan=1, files=3)
    out = tmp_path / "ranking"
    assert main(["rank", mine, f"{noisy}/scores.json", "--output_dir", str(out)]) == 0
    captured = capsys.readouterr()
    assert "warning" in captured.err and "blind test set" in captured.err and captured.err.count("\n") == 1
    # DNSMOS is 9 to 11; PESQ lies between ranks 3 and 6, ESTOI is 0.86: (4 + 2) / 2 to (6 + 2) / 2.
    assert words_of(captured.out, "mine")[2:] == ["9.00–11.00", "3.00–4.00", "6.00–7.50", "–"]
    place = {name: words_of(captured.out, name)[1] for name in ("WR", "mine", "noisy")}
    assert place["WR"] == "1" and place["noisy"] == "8"
    assert "≥" in words_of(captured.out, "noisy")
    assert "no value: NISQA, UTMOS, SCOREQ, POLQA, SpeechBERTScore, LPS, SpkSim" in captured.out
    assert "noisy: files without a value, which the mean of PESQ skips: 1" in captured.out
    assert "different numbers of files: mine 2, noisy 3" in captured.out

    markdown = (out / "RANKING.md").read_text(encoding="utf-8")
    assert "| mine |" in markdown and "- Warning: " in markdown and "2.80 (9–11)" in markdown
    with (out / "RANKING.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["system"]: row for row in csv.DictReader(file)}
    assert len(rows) == 8 and rows["mine"]["place"] == place["mine"]
    assert (rows["mine"]["DNSMOS_rank_low"], rows["mine"]["DNSMOS_rank_high"]) == ("9", "11")
    # Behind rank 10, which stays 10 if mine has the value of one of the two systems that are not known.
    assert (rows["noisy"]["PESQ_rank_low"], rows["noisy"]["PESQ_rank_high"]) == ("11", "")
    assert (rows["mine"]["NISQA"], rows["WR"]["NISQA"]) == ("", "3.49")

    assert main(["rank", mine, "--output_dir", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["rank", mine, "--output_dir", str(out), "--force"]) == 0
    assert "noisy" not in (out / "RANKING.md").read_text(encoding="utf-8")


def test_own_systems_alone(scores, capsys):
    one, two = scores("one", PESQ=2.0, ESTOI=0.5), scores("two", PESQ=2.004, ESTOI=0.6)
    assert main(["rank", one, two, "--only", "--name", "first", "--name", "second"]) == 0
    captured = capsys.readouterr()
    assert words_of(captured.out, "second") == ["second", "1", "1.00", "1.00"]
    assert words_of(captured.out, "first") == ["first", "2", "1.50", "1.50"]
    assert "WR" not in captured.out and captured.err == "" and "≥" not in captured.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only"], "give the scores.json of your own"),
        (["mine", "--name", "a", "--name", "b"], "once per SCORES: 2 for 1"),
        (["--name", "a"], "once per SCORES: 1 for 0"),
        (["mine", "mine"], "'mine' does not name one system"),
        (["mine", "--name", "WR"], "'WR' does not name one system"),
        (["nowhere"], "does not exist"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(scores, tmp_path, monkeypatch, capsys, arguments, words):
    scores("mine", PESQ=2.0)
    monkeypatch.chdir(tmp_path)
    assert main(["rank", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.startswith("urgent26 rank: ") and error.count("\n") == 1


def test_help_teaches_without_importing_numpy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "espnet_plugin.cli", "rank", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "examples:" in done.stdout and "blind test" in done.stdout
    assert "numpy" not in done.stderr
