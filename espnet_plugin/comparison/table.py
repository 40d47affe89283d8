"""Quality and cost of several models, as tables and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from espnet_plugin.comparison.system import System
from espnet_plugin.scoring import table
from espnet_plugin.scoring.metric import Column
from espnet_plugin.scoring.scores import Scores
from espnet_plugin.scoring.summary import CONFIDENCE, Summary, summarise


class CostColumn(NamedTuple):
    """One number of a model's cost.

    Attributes:
        key: in ``System.cost``.
        heading: of the table; less is better.
        decimals: digits behind the point.
        unit: what one of the table is.
    """

    key: str
    heading: str
    decimals: int
    unit: float = 1.0


COSTS = (
    CostColumn("parameters", "parameters [M]", 2, 1e6),
    CostColumn("file_mib", "files [MiB]", 1),
    CostColumn("real_time_factor", "real-time factor", 3),
    CostColumn("cpu_s_per_s", "CPU s per s", 3),
    CostColumn("memory_gib", "memory [GiB]", 2),
    CostColumn("gpu_memory_gib", "GPU memory [GiB]", 2),
    CostColumn("load_s", "load [s]", 1),
)
READING = """\
↑ higher is better, ↓ lower is better. Means over the files that have a value; ± is half the 95 %
confidence interval. A difference is the mean over the files that both have: where it is larger than its ±, it
is no accident. Real-time factor: seconds per second of audio, below 1 is faster than real time. CPU s counts
the work of all threads. Each model was measured in a process of its own; load counts from its start.
"""


def difference(one: Scores, first: Scores, column: Column) -> Summary:
    """How much higher a column of one set is than that of the first, over the files that both have."""
    pairs = table.Comparison("", first, one).pairs(column)
    return summarise(pairs.gains, pairs.weights)


def quality_rows(noisy: Scores, systems: Sequence[System]) -> table.Rows:
    """Rows for the recordings as they are, for each model, and for the differences to the first model."""
    first, *others = systems
    columns = noisy.shown
    rows = [["", *map(table.heading, columns)], ["noisy"], *([one.name] for one in systems)]
    for row, scores in zip(rows[1:], (noisy, *(one.scores for one in systems))):
        row += [_interval(scores.summary(column), column.decimals) for column in columns]
    for one in others:
        changes = (difference(one.scores, first.scores, column) for column in columns)
        cells = [_interval(change, column.decimals, True) for change, column in zip(changes, columns)]
        rows.append([f"{one.name} − {first.name}", *cells])
    return rows


def cost_rows(systems: Sequence[System]) -> table.Rows:
    """Rows for each model, and for the ratios to the first one."""
    first, *others = systems
    columns = [column for column in COSTS if any(column.key in one.cost for one in systems)]
    rows = [["", *(f"{column.heading} ↓" for column in columns)]]
    for one in systems:
        values = (one.cost.get(column.key, math.nan) / column.unit for column in columns)
        rows.append([one.name, *(table.number(value, of.decimals) for value, of in zip(values, columns))])
    for one in others:
        ratios = (ratio(one, first, column.key) for column in columns)
        cells = (table.NOTHING if math.isnan(value) else f"{value:.3g} ×" for value in ratios)
        rows.append([f"{one.name} / {first.name}", *cells])
    return rows


def ratio(one: System, first: System, key: str) -> float:
    """Cost of one against that of the first; NaN where one of them is not known."""
    below = first.cost.get(key)
    return one.cost.get(key, math.nan) / below if below else math.nan


def markdown(
    noisy: Scores,
    systems: Sequence[System],
    facts: Mapping[str, str],
    remarks: Sequence[str] = (),
    picture: str | None = None,
) -> str:
    """The page of a comparison.

    Args:
        noisy: scores of the recordings as they are.
        systems: with their scores and costs.
        facts: name -> value, such as the machine.
        remarks: what the tables do not show, a line each.
        picture: its file name.
    """
    parts = ["# Comparison\n", "".join(f"- {name}: {value}\n" for name, value in facts.items())]
    parts.append(f"## Quality ({noisy.files} file{'' if noisy.files == 1 else 's'})\n")
    parts.append(table.markdown(quality_rows(noisy, systems)))
    if remarks:
        parts.append("".join(f"- {remark}\n" for remark in remarks))
    if any(one.cost for one in systems):
        parts += ["## Cost\n", table.markdown(cost_rows(systems))]
    if picture:
        parts.append(f"![quality against cost]({picture})\n")
    parts.append(READING)
    return "\n".join(parts)


def as_json(noisy: Scores, systems: Sequence[System], facts: Mapping[str, str]) -> str:
    """The same numbers for programs; what has no value is null."""
    first = systems[0]
    content: dict[str, Any] = {"facts": dict(facts), "confidence": CONFIDENCE, "first": first.name}
    content["noisy"] = {column.name: _words(noisy.summary(column)) for column in noisy.shown}
    content["systems"] = {
        one.name: {
            "checkpoint": str(one.model.checkpoint),
            "model": one.model.name,
            "quality": {
                column.name: {
                    **_words(one.scores.summary(column)),
                    "better": column.better,
                    "difference": None
                    if one is first
                    else _words(difference(one.scores, first.scores, column)),
                }
                for column in noisy.shown
            },
            "cost": one.cost,
            "cost_ratio": {key: ratio(one, first, key) for key in one.cost if key in first.cost},
        }
        for one in systems
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _interval(summary: Summary, decimals: int, sign: bool = False) -> str:
    text = table.number(summary.mean, decimals, sign)
    return text if math.isnan(summary.margin) else f"{text} ± {table.number(summary.margin, decimals)}"


def _words(summary: Summary) -> dict[str, Any]:
    mean, margin = (value if math.isfinite(value) else None for value in (summary.mean, summary.margin))
    return {"mean": mean, "margin": margin, "files": summary.count}
