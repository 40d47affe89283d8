import importlib.util
import json
from types import SimpleNamespace

import pytest

from espnet_plugin.cli import main
from espnet_plugin.commands import doctor
from espnet_plugin.errors import EXTRA_OF_MODULE


def test_report_for_people_and_programs(capsys):
    assert main(["doctor"]) == 0
    table = capsys.readouterr().out
    assert "selective scan" in table and "ACTIVE" in table
    assert main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    topics = {"software", "devices", "selective scan", "extras", "programs", "machine"}
    assert topics == {finding["topic"] for finding in findings}
    assert sum(f["value"].startswith("ACTIVE") for f in findings) == 1


def test_missing_extra_names_the_pip_command(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pesq" else real(name))
    extras = {finding.name: finding for finding in doctor._extras()}
    assert extras["[score]"].state == "note"
    assert "pesq" in extras["[score]"].value
    assert 'pip install "espnet-plugin[score]"' in extras["[score]"].remedy
    assert set(extras) == {f"[{extra}]" for extra in EXTRA_OF_MODULE.values()}


@pytest.mark.parametrize("free_gib, state", [(3, "note"), (30, "ok")])
def test_little_disk_space_is_noted(monkeypatch, free_gib, state):
    usage = SimpleNamespace(free=free_gib * doctor.GIB)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    disk = next(finding for finding in doctor._machine() if "disk" in finding.name)
    assert disk.state == state and bool(disk.remedy) == (state == "note")


def test_numpy_that_breaks_the_old_espnet(monkeypatch):
    versions = {"espnet": "202511", "numpy": "2.4.6"}
    monkeypatch.setattr(doctor, "_version", lambda name: versions.get(name, "1"))
    assert any('"numpy<2.4"' in finding.remedy for finding in doctor._software())
    versions["numpy"] = "2.3.5"
    assert not any("numpy<2.4" in finding.remedy for finding in doctor._software())


def test_something_missing_is_exit_code_1(monkeypatch, capsys):
    missing = doctor.Finding("software", "torch", "missing", "", "pip install torch")
    monkeypatch.setattr(doctor, "examine", lambda: [missing])
    assert main(["doctor"]) == 1
    assert "-> pip install torch" in capsys.readouterr().out
