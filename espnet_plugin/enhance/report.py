"""What happened to every file of a run, as a file for programs and tables."""

from __future__ import annotations

import json
import os
from pathlib import Path

from espnet_plugin.atomic_write import write_lines
from espnet_plugin.enhance.files import Summary
from espnet_plugin.errors import UserError

COLUMNS = (
    *("id", "source", "output", "status", "audio_s", "wall_s", "real_time_factor"),
    *("clipped_samples", "level_change_db", "reason"),
)
SUFFIXES = (".json", ".tsv")


def check_report_name(path: Path) -> None:
    """Say before the work if the report could not be written.

    Raises:
        UserError: another suffix than .json or .tsv.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"the report {path} is written as {' or '.join(SUFFIXES)}; choose one of them")


def write_report(path: Path, summary: Summary) -> None:
    """Write one row for each file, under a temporary name first.

    Args:
        path: `.json`: an object with `files` (rows as objects), `memory_gib` and `wall_s`; `.tsv`: a table
            with the same columns.
    """
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in map(_row, summary.outcomes)]
    if path.suffix == ".json":
        whole = {"wall_s": round(summary.wall_s, 3), "memory_gib": round(summary.memory_gib, 3)}
        content = whole | {"files": rows}
        write_lines(path, (json.dumps(content, indent=1) + "\n",))
        return
    lines = ["\t".join(COLUMNS), *("\t".join(_plain(row[name]) for name in COLUMNS) for row in rows)]
    write_lines(path, (line + "\n" for line in lines))


def _row(outcome) -> tuple:
    factor = round(outcome.wall_s / outcome.audio_s, 4) if outcome.audio_s else None
    numbers = (round(outcome.audio_s, 3), round(outcome.wall_s, 3), factor)
    names = (outcome.identifier, os.fspath(outcome.source), os.fspath(outcome.target))
    return (*names, outcome.status, *numbers, outcome.clipped, outcome.level_change_db, outcome.reason)


def _plain(value) -> str:
    """A cell of a table: no tabs or line ends, and no bytes that are no UTF-8."""
    text = "" if value is None else str(value)
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())
