"""Whole runs: values on disk, what is kept and what is recomputed, and files that cannot be scored."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from espnet_plugin.audio.scp import find_audio, write_scp
from espnet_plugin.audio.write import write_audio
from espnet_plugin.errors import UserError
from espnet_plugin.scoring import run, worker
from espnet_plugin.scoring.metric import Column, Metric, Setup
from espnet_plugin.scoring.pool import Workers
from espnet_plugin.scoring.run import read_files, score_files
from espnet_plugin.scoring.weights import WeightFile, Weights
from espnet_plugin.scoring.worker import Task

FAST = ["SI_SDR", "LSD"]


@pytest.fixture
def computed(monkeypatch):
    """The (id, metrics) that a run in this process really computes."""
    calls = []
    score_one = worker.score_one

    def spy(task: Task):
        calls.append((task.identifier, task.metrics))
        return score_one(task)

    monkeypatch.setattr("espnet_plugin.scoring.pool.score_one", spy)
    return calls


def named(scores, name):
    return next(column for column in scores.columns if column.name == name)


def score(sets, metrics=FAST, **options):
    noisy, clean = find_audio(sets / "noisy"), find_audio(sets / "clean")
    return score_files(noisy, clean, sets / "out", metrics, **options)


def test_files_written(sets):
    scores = score(sets)
    assert [column.name for column in scores.columns] == FAST and scores.files == 3
    lines = (sets / "out" / "SI_SDR.scp").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["a", "b", "c"]
    values = [float(line.split()[1]) for line in lines]
    assert values == pytest.approx([0, 0, 0], abs=0.3)

    document = json.loads((sets / "out" / "scores.json").read_text())
    summary = document["metrics"]["SI_SDR"]
    assert summary["mean"] == pytest.approx(np.mean(values)) and summary["count"] == 3 and summary["nan"] == 0
    low, high = summary["confidence_interval"]
    margin = 4.302653 * np.std(values, ddof=1) / math.sqrt(3)  # Student's t, 2 degrees of freedom
    assert (low, high) == pytest.approx((np.mean(values) - margin, np.mean(values) + margin))
    assert document["errors"] == {} and document["files"] == 3


def test_second_run_computes_nothing_and_changes_are_noticed(sets, computed, monkeypatch):
    first = score(sets)
    assert len(computed) == 3
    computed.clear()
    assert score(sets).values == first.values and computed == []

    write_audio(sets / "noisy" / "b.wav", 0.5 * np.ones(24000), 16000)
    assert score(sets).values["SI_SDR"]["b"] != first.values["SI_SDR"]["b"]
    assert computed == [("b", tuple(FAST))]

    computed.clear()
    monkeypatch.setattr("espnet_plugin.scoring.lsd.Lsd.revision", 99)
    score(sets)
    assert computed == [("a", ("LSD",)), ("b", ("LSD",)), ("c", ("LSD",))]

    computed.clear()
    score(sets, force=True)
    assert len(computed) == 3


def test_metrics_of_an_earlier_call_stay_while_they_are_true(sets, computed):
    score(sets, ["SI_SDR"])
    both = score(sets, ["LSD"])
    assert [column.name for column in both.columns] == ["SI_SDR", "LSD"]
    assert [metrics for _, metrics in computed] == [("SI_SDR",)] * 3 + [("LSD",)] * 3
    write_audio(sets / "noisy" / "a.wav", np.full(24000, 0.1), 16000)
    assert [column.name for column in score(sets, ["LSD"]).columns] == ["LSD"]


def test_a_cut_off_record_costs_only_its_last_line(sets, computed):
    score(sets)
    record = sets / "out" / "scores.jsonl"
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    computed.clear()
    scores = score(sets)
    assert computed == [("c", ("SI_SDR",))] and scores.files == 3
    computed.clear()
    score(sets)
    assert computed == []


def test_one_bad_file_does_not_end_the_run(sets):
    write_audio(sets / "noisy" / "a.wav", np.zeros(23999), 16000)
    write_audio(sets / "noisy" / "b.wav", np.zeros(24000), 8000)
    (sets / "noisy" / "d.wav").write_text("no audio")
    (sets / "clean" / "d.wav").write_text("no audio")
    write_audio(sets / "noisy" / "e.wav", np.zeros((24000, 2)), 16000)
    write_audio(sets / "clean" / "e.wav", np.zeros(24000), 16000)
    write_audio(sets / "noisy" / "f.wav", np.zeros(24000), 16000)
    write_audio(sets / "clean" / "g.wav", np.zeros(24000), 16000)

    scores = score(sets)

    assert scores.files == 1 and set(scores.values["LSD"]) == {"c"}
    words = {
        "a": "23999 samples, its reference 24000",
        "b": "8000 Hz, its reference 16000 Hz",
        "d": "no audio file",
        "e": "2 channels",
        "f": "no reference",
        "g": "no file to be scored",
    }
    assert set(scores.errors) == set(words)
    for identifier, expected in words.items():
        assert expected in scores.errors[identifier]
    assert json.loads((sets / "out" / "scores.json").read_text())["errors"] == scores.errors


def test_nan_is_counted_and_explained_not_averaged(sets):
    write_audio(sets / "noisy" / "a.wav", np.zeros(24000), 16000)
    soundfile.write(sets / "noisy" / "b.wav", np.full(24000, np.nan), 16000, subtype="FLOAT")
    scores = score(sets)
    summary = scores.summary(named(scores, "SI_SDR"))
    assert (summary.count, summary.nan) == (1, 2)
    assert math.isfinite(summary.mean) and math.isnan(summary.margin)
    assert scores.notes["SI_SDR"] == {
        "a": "the estimate is silent",
        "b": "the estimate holds NaN or infinite samples",
    }
    document = json.loads((sets / "out" / "scores.json").read_text())
    assert document["metrics"]["SI_SDR"]["nan"] == 2
    assert "NaN" not in (sets / "out" / "scores.json").read_text().replace("holds NaN", "")
    assert "a nan" in (sets / "out" / "SI_SDR.scp").read_text()
    assert score(sets).notes == scores.notes  # the reason is kept with the value


def test_a_metric_that_breaks_gives_nan_with_the_reason(sets, monkeypatch):
    def broken(_self, _item):
        raise ZeroDivisionError("odd\nfile")

    worker._metrics.clear()
    monkeypatch.setattr("espnet_plugin.scoring.lsd.Lsd.score", broken)
    scores = score(sets)
    assert [scores.summary(named(scores, name)).nan for name in ("LSD", "SI_SDR")] == [3, 0]
    assert scores.notes["LSD"]["a"] == "ZeroDivisionError: odd file"


def test_unavailable_metric_is_named_with_its_remedy_and_has_no_value(sets, monkeypatch):
    monkeypatch.setattr("espnet_plugin.scoring.pesq.Pesq.packages", {"not-there": "not_there_at_all"})
    scores = score(sets, ["PESQ", "LSD"])
    assert [column.name for column in scores.columns] == ["LSD"]
    document = json.loads((sets / "out" / "scores.json").read_text())
    assert document["unavailable"]["PESQ"]["remedy"] == "pip install not-there"
    assert not (sets / "out" / "PESQ.scp").exists()
    with pytest.raises(UserError, match="no metric can be computed here; PESQ: the package not-there"):
        score(sets, ["PESQ"])


def test_without_references_only_metrics_without_reference_run(sets, monkeypatch):
    monkeypatch.setattr("espnet_plugin.scoring.dnsmos.Dnsmos.score", lambda _self, _item: (3.0, 3.5, 4.0))
    worker._metrics.clear()
    scores = score_files(find_audio(sets / "noisy"), None, sets / "out", setup=Setup(sets / "none"))
    assert [column.name for column in scores.columns] == ["DNSMOS_OVRL", "DNSMOS_SIG", "DNSMOS_BAK"]
    assert set(scores.unavailable) == {"NISQA", "UTMOS", "SCOREQ"}  # their weights are not there
    with pytest.raises(UserError, match="PESQ: it needs clean references"):
        score_files(find_audio(sets / "noisy"), None, sets / "other", ["PESQ"])


def test_lists_folders_and_nonsense(sets):
    write_scp(sets / "noisy.scp", find_audio(sets / "noisy"))
    assert read_files(sets / "noisy.scp") == find_audio(sets / "noisy") == read_files(sets / "noisy")
    with pytest.raises(UserError, match="does not exist"):
        read_files(sets / "nowhere")
    with pytest.raises(UserError, match="nothing to score: 2 ids, the first is a"):
        score_files({"a": sets / "x.wav"}, {"b": sets / "y.wav"}, sets / "out", FAST)
    with pytest.raises(UserError, match="no metric 'mos'; choose from PESQ"):
        score(sets, ["mos"])
    assert not (sets / "out").exists()


def test_worker_processes_give_the_same_values_on_one_thread(sets):
    alone = score(sets)
    with Workers(2) as workers:
        together = score_files(
            find_audio(sets / "noisy"), find_audio(sets / "clean"), sets / "out2", FAST, workers=workers
        )
    assert together.values == alone.values


def test_a_killed_run_continues(sets, computed):
    """Kill -9 after the first recorded file; the second run computes the others only."""
    script = sets / "slow.py"
    script.write_text(
        "import sys, time\n"
        "from pathlib import Path\n"
        "from espnet_plugin.audio.scp import find_audio\n"
        "from espnet_plugin.scoring import pool, run\n"
        "inner = pool.score_one\n"
        "def slow(task):\n"
        "    time.sleep(60 if task.identifier == 'b' else 0)\n"
        "    return inner(task)\n"
        "pool.score_one = slow\n"
        "top = Path(sys.argv[1])\n"
        "noisy, clean = find_audio(top / 'noisy'), find_audio(top / 'clean')\n"
        "run.score_files(noisy, clean, top / 'out', ['SI_SDR', 'LSD'])\n"
    )
    process = subprocess.Popen([sys.executable, str(script), str(sets)], stderr=subprocess.DEVNULL)
    record = sets / "out" / "scores.jsonl"
    try:
        deadline = time.monotonic() + 30
        while not record.exists() or record.read_text().count('"id"') < 2:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    scores = score(sets)
    assert [identifier for identifier, _ in computed] == ["b", "c"] and scores.files == 3


def test_lists_are_written_while_the_run_goes_on(sets, monkeypatch):
    monkeypatch.setattr(run, "WRITE_EVERY_S", 0.0)
    seen = []
    score_one = worker.score_one

    def look(task):
        path = sets / "out" / "LSD.scp"
        seen.append(len(path.read_text().splitlines()) if path.exists() else 0)
        return score_one(task)

    monkeypatch.setattr("espnet_plugin.scoring.pool.score_one", look)
    score(sets)
    assert seen == [0, 1, 2]


class Spoken(Metric):
    """Right characters of a transcript: here every second one."""

    columns = (Column("Spoken", unit="%", weight="Length"), Column("Length", shown=False))
    needs_reference = False
    labels = ("language", "text")

    def score(self, item):
        assert item.language == "deu"
        return 100 * (1 - item.text.count("x") / len(item.text)), len(item.text)


class Large(Metric):
    columns = (Column("Large"),)
    needs_reference = False
    weights = Weights("large", files=(WeightFile("a.bin", "https://example.org/a.bin"),))

    def score(self, item):
        return (float((self.weights_folder() / "a.bin").read_text()),)


class Larger(Large):
    columns = (Column("Larger"),)


@pytest.fixture
def own_metrics(monkeypatch):
    """SI-SDR and the three metrics above."""
    own = {name: (__name__, name) for name in ("Spoken", "Large", "Larger")}
    table = {"SI_SDR": ("espnet_plugin.scoring.si_sdr", "SiSdr")} | own
    for module in ("registry", "run"):
        monkeypatch.setattr(f"espnet_plugin.scoring.{module}.METRICS", table)


def test_labels_reach_the_metric_and_the_mean_is_over_the_set(sets, own_metrics, computed):
    labels = {"language": dict.fromkeys("abc", "deu"), "text": {"a": "xxyy", "b": "xyyyyyyyyy"}}
    scores = score(sets, ["spoken"], labels=labels)
    assert scores.notes["Spoken"] == {"c": "the list has no text for it"}
    document = json.loads((sets / "out" / "scores.json").read_text())
    assert document["metrics"]["Spoken"]["mean"] == pytest.approx(100 * (1 - 3 / 14))
    assert scores.shown == [Spoken.columns[0]]

    computed.clear()
    labels["text"]["a"] = "xyyy"
    assert score(sets, ["spoken"], labels=labels).values["Spoken"]["a"] == 75
    assert computed == [("a", ("Spoken",))]

    only = score(sets, ["spoken", "si-sdr"], labels={"language": {}})
    assert vars(only.unavailable["Spoken"]) == {"reason": "it needs the text of each file", "remedy": "give --text"}
    assert "Spoken" not in score(sets, None).unavailable  # nobody asked for it


def test_large_networks_walk_alone_and_only_one_stays(sets, tmp_path, own_metrics, computed):
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "a.bin").write_text("7")
    setup = Setup(tmp_path)
    worker._metrics.clear()
    scores = score(sets, None, setup=setup)
    assert scores.values["Larger"]["a"] == 7
    assert [metrics for _, metrics in computed] == [("SI_SDR",)] * 3 + [("Large",)] * 3 + [("Larger",)] * 3
    assert {name for name, _ in worker._metrics} == {"SI_SDR", "Larger"}

    computed.clear()
    (tmp_path / "large" / "a.bin").write_text("8")
    (tmp_path / "large" / "weights.json").unlink()  # the user accepts the new file
    assert score(sets, ["Large"], setup=setup).values["Large"] == dict.fromkeys("abc", 8)


def test_what_is_required_and_not_available_stops_before_any_work(sets, own_metrics, computed):
    for require in (["large"], run.METRICS):
        with pytest.raises(UserError, match=r"required and not available: .*Large: .*weights --fetch Large"):
            score(sets, None, require=require, setup=Setup(sets / "none"))
    assert computed == [] and not (sets / "out").exists()


def test_breakdowns_are_written_down(sets):
    scores = score(sets, groups={"SNR": {"low": {"a", "b"}, "high": {"c"}}})
    document = json.loads((sets / "out" / "scores.json").read_text())
    low = document["breakdown"]["SNR"]["low"]["SI_SDR"]
    values = scores.values["SI_SDR"]
    assert low["mean"] == pytest.approx((values["a"] + values["b"]) / 2) and low["count"] == 2


def test_processes_are_as_many_as_fit(monkeypatch):
    monkeypatch.setattr("espnet_plugin.scoring.pool.free_memory_gib", lambda: 3.0)
    large = Large()
    large.memory_gib = 1.4
    assert [Workers(nj).processes_for(large, "cpu") for nj in (0, 1, 8)] == [0, 1, 2]
    large.memory_gib = 5.0
    assert Workers(8).processes_for(large, "cpu") == 1
    assert Workers(8).processes_for(large, "cuda") == 1


def test_weights_that_do_not_fit_end_the_run_with_their_reason(sets, monkeypatch, computed):
    def unfit(_self, _item):
        raise UserError("the weights do not fit")

    worker._metrics.clear()
    monkeypatch.setattr("espnet_plugin.scoring.lsd.Lsd.score", unfit)
    with pytest.raises(UserError, match="do not fit"):
        score(sets)
    assert len(computed) == 1
