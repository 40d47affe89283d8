"""All models of the recipe side by side."""

import json
import math
from pathlib import Path
from typing import Any

from espnet_plugin.atomic_write import write_text

OVERVIEW = "RESULTS.md"


def write_overview(expdir: str | Path) -> Path | None:
    """Write the means of all scored experiments, one table for each test set.

    Experiments stand in one table only if their noisy speech has the same scores, as test sets of one name
    may differ.

    Args:
        expdir: holds the experiments, each with the ``scores/<set>/{noisy,enhanced}/scores.json`` of stage 7.

    Returns:
        ``expdir/RESULTS.md``, or None where there are not two models to compare.
    """
    from espnet_plugin.scoring import table
    from espnet_plugin.scoring.registry import METRICS, make

    expdir = Path(expdir)
    scored = {}
    for enhanced in sorted(expdir.glob("*/scores/*/enhanced/scores.json")):
        noisy = enhanced.parent.parent / "noisy" / enhanced.name
        if noisy.is_file():
            scored[enhanced] = [json.loads(path.read_text(encoding="utf-8")) for path in (noisy, enhanced)]
    computed = set().union(*(after["metrics"] for _, after in scored.values()))
    columns = [one for name in METRICS for one in make(name).columns if one.shown and one.name in computed]

    def cells(scores: dict[str, Any]) -> tuple[str, ...]:
        means = [scores["metrics"].get(one.name, {}).get("mean") for one in columns]
        return tuple(
            table.number(math.nan if mean is None else mean, one.decimals)
            for one, mean in zip(columns, means)
        )

    tables: dict[tuple, list[list[str]]] = {}
    for enhanced, (before, after) in scored.items():
        experiment = enhanced.parents[3]
        rows = tables.setdefault((enhanced.parent.parent.name, before["files"], cells(before)), [])
        rows.append([f"[{experiment.name}]({experiment.name}/RESULTS.md)", *cells(after)])
    if not any(len(rows) > 1 for rows in tables.values()):
        return None
    parts = ["# Results of all models\n"]
    for (name, files, noisy), rows in tables.items():
        parts.append(f"## {name} ({files} file{'' if files == 1 else 's'})\n")
        parts.append(table.markdown([["", *map(table.heading, columns)], ["noisy", *noisy], *rows]))
    parts.append("Means over the files that have a value; ↑ higher is better, ↓ lower is better.\n")
    write_text(expdir / OVERVIEW, "\n".join(parts))
    return expdir / OVERVIEW
