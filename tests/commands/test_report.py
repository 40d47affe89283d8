"""The verb `report`."""

import json
import re

import numpy as np
import pytest

from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import main


@pytest.fixture
def folders(tmp_path):
    random = np.random.default_rng(0)
    for name in ("a", "sub/b", "c"):
        for track in ("noisy", "mine", "clean"):
            write_audio(tmp_path / track / f"{name}.wav", random.uniform(-0.3, 0.3, 4000), 8000)
    for side in ("noisy", "mine"):
        folder = tmp_path / "scores" / side
        folder.mkdir(parents=True)
        (folder / "PESQ.scp").write_text("a 1.5\nc 2\nsub/b nan\n")
    (tmp_path / "utt2lang").write_text("a deu\nc eng\nsub/b eng\n")
    return tmp_path


def report(folders, *extra, system="mine={0}/mine,{0}/scores/mine"):
    return main(
        ["report", "--output", str(folders / "report.html"), "--noisy", str(folders / "noisy")]
        + ["--system", system.format(folders), *extra]
    )


def content(folders):
    page = (folders / "report.html").read_text(encoding="utf-8")
    return json.loads(re.search(r'id="content">(.*?)</script>', page)[1])


def test_everything_given(folders, capsys):
    more = ["--clean", f"{folders}/clean", "--noisy_scores", f"{folders}/scores/noisy"]
    more += [
        "--utt2lang",
        f"{folders}/utt2lang",
        "--title",
        "Mine & yours",
        "--seed",
        "5",
        "--audio_format",
        "ogg",
    ]
    assert report(folders, *more) == 0
    assert re.search(r"report\.html, \d\.\d MB, 3 utterances, 3 of them with audio", capsys.readouterr().out)
    found = content(folders)
    assert (found["title"], found["seed"], found["type"]) == ("Mine & yours", 5, "audio/ogg")
    (one,) = found["sets"]
    assert [track["name"] for track in one["tracks"]] == ["noisy", "mine", "clean"]
    assert one["values"][1] == [[1.5, 2, None]] and one["groups"] == {"Language": {"deu": [0], "eng": [1, 2]}}


def test_a_system_and_nothing_else_and_never_twice(folders, capsys):
    assert report(folders, system="mine={0}/mine") == 0
    assert content(folders)["title"] == "Listening report: mine"
    before = (folders / "report.html").read_bytes()
    assert report(folders, system="other={0}/mine") == 2
    assert "--force" in capsys.readouterr().err and (folders / "report.html").read_bytes() == before
    assert report(folders, "--force", system="other={0}/mine") == 0
    assert content(folders)["sets"][0]["tracks"][1]["name"] == "other"


def test_what_can_be_heard(folders):
    (folders / "ids").write_text("sub/b rest of the line\n\nunknown\n")
    for listen, heard in (("2", 2), ("all", 3), (f"{folders}/ids", 1)):
        assert report(folders, "--listen", listen, "--force") == 0
        assert len(content(folders)["sets"][0]["clips"]) == heard


@pytest.mark.parametrize(
    "extra, words",
    [
        (["--listen", "many"], "a number, all, or a file"),
        (["--max_mb", "0.01"], "--max_mb"),
        (["--clean", "nowhere"], "nowhere does not exist"),
        (["--noisy_scores", "nowhere"], "urgent26 score"),
        (["--experiment", "exp"], "leave --noisy out"),
        (["--system", "mine=nowhere"], "nowhere does not exist"),
    ],
)
def test_mistakes_are_one_line_and_leave_no_page(folders, capsys, extra, words):
    assert report(folders, *extra) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("urgent26 report: ") and words in error
    assert not (folders / "report.html").exists()


def test_something_must_be_given(tmp_path, capsys):
    assert main(["report", "--output", str(tmp_path / "report.html")]) == 2
    assert "--system NAME=AUDIO, or --experiment" in capsys.readouterr().err


def test_without_jinja2(folders, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    assert report(folders) == 2
    assert "espnet-plugin[score]" in capsys.readouterr().err
