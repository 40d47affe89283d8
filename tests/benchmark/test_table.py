"""The table of measurements."""

import json
from pathlib import Path

import numpy as np
import pytest

from espnet_plugin.benchmark.measurement import Case, Measurement
from espnet_plugin.benchmark.start_up import StartUp
from espnet_plugin.benchmark.table import describe_machine, markdown, rows, write


def measured(enhanced, **changes):
    values = {
        **{
            "calculates_in": "float32",
            "threads": 2,
            "parameters": 1000,
            "load_s": 1.25,
            "first_second_s": 2.5,
            "first_second_cpu_s": 3.5,
        },
        **{"real_time_factor": 0.5, "cpu_s_per_s": 0.9, "memory_gib": 0.75, "gpu_memory_gib": None},
        **{"compiled_factor": None, "note": "", "enhanced": np.array(enhanced, np.float32)},
    }
    return Measurement(**{**values, **changes})


def case(dtype="float32", device="cpu", checkpoint=None):
    return Case("semamba_pp", checkpoint, device, dtype)


def test_one_line_for_each_case():
    other = Path("/somewhere/mine.pth")
    results = [
        (case(), measured([1.0, 0.0])),
        (case("bfloat16"), measured([1.0, 0.01], real_time_factor=0.25)),
        (case("float16"), "the process died"),
        (case(checkpoint=other), measured([0.0, 2.0], calculates_in="bfloat16")),
    ]
    found = rows(results)
    assert [row.get("difference_db") for row in found] == [None, pytest.approx(40), None, None]
    assert [row["weights"] for row in found] == ["random", "random", "random", "mine.pth"]
    text = markdown(found, {"CPU": "fast"}, StartUp(0, 0.05, ("json", "sys")))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 6 and len({line.count("|") for line in table}) == 1
    assert "| 0.250 | 0.900 | 40.0 | 0.75 | 1.2 | 2.5 | 3.5 |" in table[3]
    assert "float32 (calculates in bfloat16)" in table[5]
    assert "- semamba_pp, cpu, float16: the process died" in text and "- CPU: fast" in text
    assert "imports 2 modules" in text and "compiled" not in text and "/somewhere" not in text


def test_gpus_have_columns_of_their_own():
    gpu = measured([1.0], gpu_memory_gib=3.0, compiled_factor=0.125)
    lame = measured([1.0], gpu_memory_gib=1.0, note="torch.compile failed: why")
    text = markdown(rows([(case(device="cuda"), gpu), (case("float16", "cuda"), lame)]), {}, None)
    assert (
        "| GPU memory [GiB] ↓ | compiled ↓ |" in text
        and "| 3.00 | 0.125 |" in text
        and "| 1.00 | – |" in text
    )
    assert "- semamba_pp, cuda, float16: torch.compile failed: why" in text


def test_files_hold_the_same(tmp_path):
    found = rows([(case(), measured([1.0]))])
    write(tmp_path / "BENCH.md", found, {"CPU": "fast"}, None)
    assert (tmp_path / "BENCH.md").read_text(encoding="utf-8") == markdown(found, {"CPU": "fast"}, None)
    content = json.loads((tmp_path / "BENCH.json").read_text(encoding="utf-8"))
    assert content == {"machine": {"CPU": "fast"}, "results": found}
    assert len(list(tmp_path.iterdir())) == 2


def test_the_machine_is_named():
    told = describe_machine()
    assert told["CPU"] and "threads" not in told["CPU"] and int(told["cores"]) > 0 and told["torch"]
