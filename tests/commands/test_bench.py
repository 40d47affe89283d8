"""``urgent26 bench``: all cases, each in its process, into one table."""

import json

import pytest

from espnet_plugin import cli
from espnet_plugin.benchmark import measurement
from espnet_plugin.commands import bench as command
from espnet_plugin.pretrained.load import save_safetensors
from tests.export.tiny import SIZES, tiny_network


def bench(*arguments):
    return cli.main(["bench", "--device", "cpu", "--seconds", "0.5", "--rounds", "1", *map(str, arguments)])


def test_cases_side_by_side(tmp_path, capsys, monkeypatch):
    save_safetensors(tmp_path / "good.safetensors", SIZES, tiny_network().state_dict())
    right = measurement.measure
    monkeypatch.setattr(
        measurement, "measure", lambda case: right(case) if case.dtype == "float32" else "no such kernel"
    )
    target = tmp_path / "BENCH.md"
    wanted = ("--checkpoint", tmp_path / "good.safetensors", "--dtype", "float32,float16", "--threads", 1)
    assert bench(*wanted, "-o", target) == 1
    captured = capsys.readouterr()
    assert captured.out == target.read_text(encoding="utf-8")
    assert "bench: 2 of 2: semamba_pp" in captured.err
    good, failed = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))["results"]
    assert good["weights"] == "good.safetensors" and good["threads"] == 1 and good["real_time_factor"] > 0
    assert failed["failed"] == "no such kernel"
    assert bench("-o", target) == 2
    assert "exists; add --force" in capsys.readouterr().err


def test_which_cases_there_are(tmp_path, official):
    def cases(*arguments):
        parser = cli.Parser()
        command.add_arguments(parser)
        return command._cases(parser.parse_args([*map(str, arguments), "--device", "cpu"]))

    path = tmp_path / "model.safetensors"
    save_safetensors(path, SIZES, tiny_network().state_dict())
    assert [(case.model, case.checkpoint) for case in cases()] == [("semamba_pp", None)]
    found = cases("--checkpoint", path, "--checkpoint", official, "--dtype", "float32,bfloat16")
    expected = [(*pair, dtype) for pair in (("semamba_pp", path), ("gap_urgenet", official))
                for dtype in ("float32", "bfloat16")]  # fmt: skip
    assert [(case.model, case.checkpoint, case.dtype) for case in found] == expected
    both = cases("--checkpoint", path, "--models", "gap_urgenet")
    assert [(case.model, case.checkpoint) for case in both] == [("semamba_pp", path), ("gap_urgenet", None)]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--models", "wavlm"), "choose semamba_pp or gap_urgenet"),
        (("--dtype", "int8"), "unknown dtype 'int8'"),
        (("--device", "tpu"), "unknown device 'tpu'"),
        (("--rounds", "0"), "--rounds must be above 0"),
        (("-o", "BENCH.txt"), "name the table"),
        (("--checkpoint", "nowhere.pth"), "does not exist"),
    ],
)
def test_mistakes(arguments, words, capsys):
    assert bench(*arguments) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and words in line
