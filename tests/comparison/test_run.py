"""``urgent26 compare``: two small models from checkpoints to tables."""

import json
import shutil
import time

import numpy as np
import pytest
import soundfile

from espnet_plugin import cli
from espnet_plugin.benchmark.measurement import measure_here
from espnet_plugin.comparison import run as comparison_run
from espnet_plugin.comparison import system
from espnet_plugin.pretrained.load import save_safetensors
from espnet_plugin.scoring.dnsmos import Dnsmos
from espnet_plugin.scoring.pool import Workers
from tests.export.tiny import SIZES, tiny_network


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """What was measured; in this process, as others take seconds to start."""
    cases = []

    def measure(case):
        cases.append(case)
        return measure_here(case, time.monotonic())

    monkeypatch.setattr(system, "measure", measure)
    monkeypatch.setattr(comparison_run, "Workers", lambda nj: Workers(0))
    return cases


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two checkpoints and pairs of recordings; one recording has no reference."""
    folder = tmp_path_factory.mktemp("compare")
    for name, options in {"teacher": SIZES, "student": {**SIZES, "rate_hz": 48000}}.items():
        save_safetensors(folder / f"{name}.safetensors", options, tiny_network(**options).state_dict())
    random = np.random.default_rng(0)
    for number in range(4):
        time_s = np.arange(12000 + 400 * number) / 24000
        clean = 0.3 * np.sin(2 * np.pi * 200 * time_s * (1 + time_s))
        noisy = clean + 0.1 * random.standard_normal(len(clean))
        for kind, wave in (("clean", clean), ("noisy", noisy)):
            (folder / kind / "a").mkdir(parents=True, exist_ok=True)
            if (kind, number) != ("clean", 3):
                soundfile.write(folder / kind / "a" / f"{number}.wav", wave, 24000, "PCM_16")
    return folder


def compare(folder, *arguments):
    checkpoints = [str(folder / f"{name}.safetensors") for name in ("teacher", "student")]
    models = [word for checkpoint in checkpoints for word in ("--checkpoint", checkpoint)]
    common = [*models, "--noisy", str(folder / "noisy"), "--device", "cpu"]
    return cli.main(["compare", *common, *map(str, arguments)])


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


QUICK = ("--metrics", "si_sdr,LSD", "--seconds", 0.2, "--rounds", 1)


def test_from_checkpoints_to_tables(folder, output, measured, capsys):
    assert compare(folder, "--clean", folder / "clean", "-o", output, *QUICK) == 0
    assert [(case.rate_hz, case.seconds) for case in measured] == 2 * [(24000, 0.2)]
    page = (output / "COMPARISON.md").read_text(encoding="utf-8")
    assert "Quality (3 files)" in page and "1 recordings without reference are left out, such as a/3" in page
    for row in ("noisy", "teacher", "student", "student − teacher", "student / teacher"):
        assert f"\n| {row} |" in page
    shown = capsys.readouterr().out
    assert "student − teacher" in shown and "real-time factor" in shown
    assert (output / "comparison.png").read_bytes().startswith(b"\x89PNG")

    numbers = json.loads((output / "comparison.json").read_text(encoding="utf-8"))
    teacher, student = (numbers["systems"][name] for name in ("teacher", "student"))
    values = {}
    for name in ("noisy", "teacher", "student"):
        lines = (output / name / "scores" / "SI_SDR.scp").read_text().split()
        values[name] = dict(zip(lines[::2], map(float, lines[1::2])))
    assert set(values["student"]) == {"a/0", "a/1", "a/2"}
    gains = [values["student"][uid] - values["teacher"][uid] for uid in values["student"]]
    difference = student["quality"]["SI_SDR"]["difference"]
    assert difference["mean"] == pytest.approx(np.mean(gains)) and difference["files"] == 3
    assert teacher["quality"]["SI_SDR"]["mean"] == pytest.approx(np.mean(list(values["teacher"].values())))
    assert teacher["quality"]["SI_SDR"]["difference"] is None
    assert numbers["noisy"]["SI_SDR"]["mean"] == pytest.approx(np.mean(list(values["noisy"].values())))
    for cost, name in ((teacher["cost"], "teacher"), (student["cost"], "student")):
        size = (folder / f"{name}.safetensors").stat().st_size
        assert cost["file_mib"] == pytest.approx(size / 2**20)
        assert cost["cpu_s_per_s"] > 0 and cost["real_time_factor"] > 0 and cost["memory_gib"] > 0
    network = tiny_network(**SIZES, rate_hz=48000)
    assert student["cost"]["parameters"] == sum(weights.numel() for weights in network.parameters())
    ratio = student["cost"]["parameters"] / teacher["cost"]["parameters"]
    assert student["cost_ratio"]["parameters"] == pytest.approx(ratio)


def test_a_second_call_does_nothing_again(folder, output, measured, capsys):
    before = (output / "student" / "enhanced" / "a" / "0.wav").stat().st_mtime_ns
    assert compare(folder, "--clean", folder / "clean", "-o", output, *QUICK) == 0
    assert not measured and "0 enhanced, 3 were there already" in capsys.readouterr().out
    assert (output / "student" / "enhanced" / "a" / "0.wav").stat().st_mtime_ns == before
    (output / "student" / "cost.json").write_text("{torn")
    assert compare(folder, "--clean", folder / "clean", "-o", output, *QUICK) == 0
    assert len(measured) == 1


def test_without_references_and_costs(folder, measured, tmp_path, monkeypatch):
    """Metrics that need references are left out, and nothing is measured or drawn."""
    monkeypatch.setattr(Dnsmos, "score", lambda self, item: tuple(2.0 for _ in self.columns))
    wanted = ("--metrics", "si_sdr,dnsmos", "--seconds", 0, "--names", "small,wide")
    assert compare(folder, "-o", tmp_path, *wanted) == 0
    numbers = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert list(numbers["systems"]) == ["small", "wide"] and set(numbers["noisy"]) >= {"DNSMOS_OVRL"}
    assert "SI_SDR" not in numbers["noisy"]
    assert not measured and not (tmp_path / "comparison.png").exists()
    assert "Cost" not in (tmp_path / "COMPARISON.md").read_text(encoding="utf-8")


def test_a_recording_that_fails_is_told_and_the_rest_compared(folder, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(folder, tmp_path / "recordings")
    (folder / "noisy" / "a" / "1.wav").write_bytes(b"no audio at all")
    monkeypatch.setattr(system, "measure", lambda case: "the process died")
    out = tmp_path / "out"
    assert compare(folder, "--clean", folder / "clean", "-o", out, *QUICK) == 1
    shown = capsys.readouterr().out
    assert "teacher: a/1 FAILED" in shown and "student could not be measured: the process died" in shown
    assert (out / "COMPARISON.md").is_file()
    numbers = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert numbers["systems"]["student"]["quality"]["SI_SDR"]["files"] == 2
    assert numbers["noisy"]["SI_SDR"]["files"] == 2


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--names", "one"), "--names has 1 names for 2 checkpoints"),
        (("--names", "noisy,b"), "'noisy' cannot be the name of one model"),
        (("--names", "../a,b"), "'../a' cannot be the name of one model"),
        (("--names", "a,a"), "all different"),
        (("--metrics", "loudness"), "there is no metric 'loudness'"),
        (("--metrics", "nisqa", "--weights_dir", "/nowhere"), "urgent26 weights --fetch NISQA"),
        (("--rounds", "0"), "--rounds must be at least 1"),
        (("--seconds", "-1"), "--seconds is 0, or a length"),
        (("--device", "tpu"), "unknown device 'tpu'"),
        (("--noisy", "/nowhere"), "/nowhere does not exist"),
        (("--checkpoint", "nowhere.pth"), "does not exist"),
    ],
)
def test_mistakes_are_told_before_any_work(arguments, words, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(system.System, "enhance", lambda *_: pytest.fail("it has begun"))
    assert compare(folder, "--clean", folder / "clean", "-o", tmp_path, *arguments) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and words in line


def test_references_of_other_ids(folder, tmp_path, capsys):
    other = tmp_path / "other.scp"
    other.write_text(f"x {folder / 'clean' / 'a' / '0.wav'}\n")
    assert compare(folder, "--clean", other, "-o", tmp_path / "out", *QUICK) == 2
    assert "no reference has the id of a recording, such as a/0" in capsys.readouterr().err
