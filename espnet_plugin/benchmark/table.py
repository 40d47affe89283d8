"""The measurements of a machine as a table in Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from espnet_plugin.atomic_write import write_text
from espnet_plugin.benchmark.measurement import Case, Measurement
from espnet_plugin.benchmark.start_up import StartUp
from espnet_plugin.machine import usable_cores

NOTHING = "–"
Results = Sequence[tuple[Case, Measurement | str]]


def rows(results: Results) -> list[dict[str, Any]]:
    """One object for each case; `difference_db` counts from the same weights' first row."""
    found, references = [], {}
    for case, measured in results:
        row = {key: value for key, value in dataclasses.asdict(case).items() if key != "checkpoint"}
        row["weights"] = case.checkpoint.name if case.checkpoint else "random"
        if isinstance(measured, str):
            found.append({**row, "failed": measured})
            continue
        reference = references.setdefault((case.model, case.checkpoint), measured.enhanced)
        values = {key: value for key, value in vars(measured).items() if key != "enhanced"}
        difference_db = signal_to_difference_db(measured.enhanced, reference)
        found.append(
            {**row, **values, "difference_db": difference_db if math.isfinite(difference_db) else None}
        )
    return found


def signal_to_difference_db(value: np.ndarray, reference: np.ndarray) -> float:
    """How far the reference lies above the difference; infinite where there is none."""
    difference = np.linalg.norm(value - reference)
    return float(20 * np.log10(np.linalg.norm(reference) / difference)) if difference else math.inf


def markdown(found: Sequence[Mapping[str, Any]], machine: Mapping[str, str], started: StartUp | None) -> str:
    """The table with what belongs to it."""
    columns = {
        "model": lambda row: row["model"],
        "weights": lambda row: row["weights"],
        "device": lambda row: row["device"],
        "precision": _precision,
        "threads": _number("threads", "d"),
        "real-time factor ↓": _number("real_time_factor", ".3f"),
        "CPU s per s ↓": _number("cpu_s_per_s", ".3f"),
        "difference [dB] ↑": _number("difference_db", ".1f"),
        "memory [GiB] ↓": _number("memory_gib", ".2f"),
        "load [s] ↓": _number("load_s", ".1f"),
        "first second [s] ↓": _number("first_second_s", ".1f"),
        "first second [CPU s] ↓": _number("first_second_cpu_s", ".1f"),
    }
    if any(row.get("gpu_memory_gib") is not None for row in found):
        columns["GPU memory [GiB] ↓"] = _number("gpu_memory_gib", ".2f")
        columns["compiled ↓"] = _number("compiled_factor", ".3f")
    lines = ["# Speed", "", *(f"- {name}: {value}" for name, value in machine.items()), ""]
    lines += [_line(columns), _line("---" if number < 4 else "---:" for number in range(len(columns)))]
    lines += [_line(cell(row) for cell in columns.values()) for row in found]
    notes = [f"- {row['model']}, {row['device']}, {row['dtype']}: {note}" for row in found
             if (note := row.get("failed") or row.get("note"))]  # fmt: skip
    seconds = next((row["seconds"] for row in found), 0)
    lines += ["", *notes, *([""] if notes else [])]
    lines += [
        f"Medians over runs on {seconds:g} s of noise. The real-time factor is wall time over the length of "
        "the audio, below 1 is faster than real time; CPU s counts the work of all threads, which other "
        "programs disturb less. Difference: how far the first row of the same weights lies above the "
        "difference from it. Load and first second of audio count from the start of the process, imports "
        "included; random weights are made, not read. Each row was a process of its own."
    ]
    if started:
        lines += [
            "",
            f"`urgent26 enhance --help` imports {len(started.modules)} modules and takes "
            f"{started.cpu_s:.2f} CPU s.",
        ]
    return "\n".join(lines) + "\n"


def write(
    path: Path, found: Sequence[Mapping[str, Any]], machine: Mapping[str, str], started: StartUp | None
) -> None:
    """Write the table, and the same numbers beside it with the suffix .json."""
    write_text(path, markdown(found, machine, started))
    content: dict[str, Any] = {"machine": dict(machine), "results": list(found)}
    if started:
        content["help"] = {"cpu_s": started.cpu_s, "modules": len(started.modules)}
    write_text(path.with_suffix(".json"), json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def describe_machine() -> dict[str, str]:
    """What the numbers depend on."""
    from importlib.metadata import version

    from espnet_plugin.commands.doctor import examine

    told = {finding.name: finding.value for finding in examine() if finding.topic == "devices"}
    told["CPU"] = told["CPU"].rpartition(", ")[0]  # the rest tells the threads, which each row has itself
    told["cores"] = str(usable_cores())
    if hasattr(os, "getloadavg"):
        told["load before the first run"] = f"{os.getloadavg()[0]:.1f}"
    told["torch"] = version("torch")
    return told


def _precision(row: Mapping[str, Any]) -> str:
    used = row.get("calculates_in", row["dtype"])
    return used if used == row["dtype"] else f"{row['dtype']} (calculates in {used})"


def _number(key: str, form: str):
    return lambda row: NOTHING if row.get(key) is None else format(row[key], form)


def _line(cells) -> str:
    return f"| {' | '.join(cells)} |"
