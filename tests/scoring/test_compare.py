"""The comparison of test sets that the recipe prints."""

import pytest

from espnet_plugin.audio.scp import find_audio, write_scp
from espnet_plugin.errors import UserError
from espnet_plugin.scoring import picture
from espnet_plugin.scoring.compare import TestSet, score_sets

FAST = ["SI_SDR", "LSD"]


@pytest.fixture
def sides(sets):
    for side in ("noisy", "enhanced", "clean"):
        write_scp(sets / f"{side}.scp", find_audio(sets / side))
    (sets / "meta.tsv").write_text(
        "id\tsnr_dB\trir_uid\taugmentation\na\t-1\tr\tnone\nb\t8\tnone\tnone\nc\t9\tr\tnone\n"
    )
    (sets / "utt2lang").write_text("a eng\nb deu\nc deu\n")
    return sets


def test_results_table_and_pictures(sides, capsys):
    one = TestSet(
        "mini",
        sides / "noisy.scp",
        sides / "enhanced.scp",
        sides / "clean.scp",
        sides / "meta.tsv",
        sides / "utt2lang",
    )
    path = score_sets([one], sides / "exp", FAST, nj=0, title="Toy", model_line="a toy", reproduce="./run.sh")

    assert path == sides / "exp" / "RESULTS.md"
    results = path.read_text(encoding="utf-8")
    assert results.startswith("# Toy\n\na toy\n\n## mini (3 files)\n")
    row = next(line for line in results.splitlines() if line.startswith("| difference"))
    assert float(row.split("|")[2].split()[0]) == pytest.approx(10, abs=0.1)  # SI-SDR from 0 to 10 dB
    assert "| below 0 dB | 1 | 0.0" in results and "### mini by language" in results
    assert "| reverberation | 2 |" in results and "```\n./run.sh\n```" in results
    printed = capsys.readouterr().out
    assert "mini (3 files)" in printed and "SI-SDR [dB] ↑" in printed and row.split("|")[2].strip() in printed
    for words in ("largest", "smallest"):
        name = f"images/mini_{words}_gain.png"
        assert f"]({name})" in results and (sides / "exp" / name).is_file()
    for side in ("noisy", "enhanced"):
        assert (sides / "exp" / "scores" / "mini" / side / "LSD.scp").is_file()


@pytest.fixture
def undrawn(monkeypatch):
    monkeypatch.setattr(picture, "draw_spectrograms", lambda *_arguments: None)


def test_second_call_draws_and_computes_nothing(sides, monkeypatch):
    one = TestSet("mini", sides / "noisy", sides / "enhanced", sides / "clean")
    first = score_sets([one], sides / "exp", FAST, nj=0).read_bytes()

    def never(*_arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr("espnet_plugin.scoring.pool.score_one", never)
    monkeypatch.setattr(picture, "draw_spectrograms", never)
    assert score_sets([one], sides / "exp", FAST, nj=0).read_bytes() == first


def test_recordings_without_references_get_dnsmos_only(sides, monkeypatch, undrawn):
    monkeypatch.setattr("espnet_plugin.scoring.dnsmos.Dnsmos.score", lambda _self, _item: (3.0, 3.5, 4.0))
    from espnet_plugin.scoring import worker

    worker._metrics.clear()
    path = score_sets([TestSet("real", sides / "noisy", sides / "enhanced")], sides / "exp", nj=0)
    results = path.read_text(encoding="utf-8")
    assert "|  | DNSMOS ↑ |" in results and "| difference | 0.00 ± 0.00 |" in results
    assert "not available" not in results


def test_missing_enhanced_file_is_said_in_the_results(sides, undrawn):
    (sides / "enhanced" / "b.wav").unlink()
    one = TestSet("mini", sides / "noisy", sides / "enhanced", sides / "clean")
    path = score_sets([one], sides / "exp", FAST, nj=0)
    results = path.read_text(encoding="utf-8")
    assert "- enhanced: not scored: b: no file to be scored has this id" in results
    assert "mini (2 files)" in results


def test_bad_requests(sides):
    one = TestSet("mini", sides / "noisy", sides / "enhanced", sides / "clean")
    with pytest.raises(UserError, match="no test set"):
        score_sets([], sides / "exp")
    with pytest.raises(UserError, match="different names"):
        score_sets([one, one], sides / "exp")
    with pytest.raises(UserError, match="nowhere does not exist"):
        score_sets([TestSet("mini", sides / "nowhere", sides / "enhanced")], sides / "exp", nj=0)
