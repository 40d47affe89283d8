"""``urgent26 export``: one file, compared with the network, and nothing overwritten."""

import re
import sys

import pytest

from espnet_plugin import cli
from espnet_plugin.pretrained.load import save_safetensors
from tests.export.tiny import SIZES, tiny_network


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "model.safetensors"
    save_safetensors(path, SIZES, tiny_network().state_dict())
    return path


def export(*arguments):
    return cli.main(["export", *map(str, arguments)])


def test_a_file_that_onnxruntime_runs(checkpoint, tmp_path, capsys):
    import onnxruntime

    target = tmp_path / "new" / "model.onnx"
    assert export(checkpoint, "-o", target) == 0
    found = re.search(r"differs .* at most (\S+) in magnitude, by (\S+) ", capsys.readouterr().out)
    assert all(0 < float(number) < 1e-4 for number in found.groups())
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["rate_hz"] == "16000"
    size = target.stat().st_size
    assert export(checkpoint, "-o", target, "--dtype", "float16", "--wiring", "old") == 2
    assert "exists; add --force" in capsys.readouterr().err
    assert export(checkpoint, "-o", target, "--dtype", "float16", "--wiring", "old", "--force") == 0
    assert target.stat().st_size < size
    assert [path.name for path in target.parent.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize(
    "name, words",
    [
        ("model.pb", r"cannot write '\.pb' files"),
        ("folder.onnx", "is a folder"),
        ("model.onnx", "does not fit"),
    ],
)
def test_mistakes(tmp_path, capsys, name, words):
    (tmp_path / "folder.onnx").mkdir()
    wrong = tiny_network()
    save_safetensors(tmp_path / "wrong.safetensors", {**SIZES, "channels": 8}, wrong.state_dict())
    assert export(tmp_path / "wrong.safetensors", "-o", tmp_path / name) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and re.search(words, line)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.onnx", "wrong.safetensors"]


def test_other_models_and_missing_packages(official, checkpoint, tmp_path, capsys, monkeypatch):
    assert export(official, "-o", tmp_path / "gap.onnx") == 2
    assert "is gap_urgenet, which has no ONNX form" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert export(checkpoint, "-o", tmp_path / "model.onnx") == 2
    assert 'pip install "espnet-plugin[export]"' in capsys.readouterr().err
    assert not list(tmp_path.glob("*.onnx"))
