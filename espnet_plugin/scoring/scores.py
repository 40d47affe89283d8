"""The scores of one set, and the files they are written to."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from espnet_plugin.atomic_write import write_text
from espnet_plugin.scoring.breakdown import Groups
from espnet_plugin.scoring.metric import Column, Unavailable
from espnet_plugin.scoring.summary import CONFIDENCE, Summary, summarise


@dataclass
class Scores:
    """The scores of one set.

    Attributes:
        columns: what was scored, in the order of tables.
        values: column name -> id -> value; NaN where the metric has none.
        notes: metric -> id -> why there is no value.
        unavailable: metric -> why it could not be computed at all.
        errors: id -> why the file could not be scored.
        groups: heading -> group -> ids, for breakdowns.
    """

    columns: list[Column] = field(default_factory=list)
    values: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    unavailable: dict[str, Unavailable] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Groups] = field(default_factory=dict)

    def summary(self, column: Column, identifiers: set[str] | None = None) -> Summary:
        """Mean and interval of a column, over all files or over these."""
        values = self.values[column.name]
        chosen = [identifier for identifier in values if identifiers is None or identifier in identifiers]
        weights = [self.values[column.weight][identifier] for identifier in chosen] if column.weight else None
        return summarise([values[identifier] for identifier in chosen], weights)

    @property
    def files(self) -> int:
        """How many files were scored."""
        return len({identifier for values in self.values.values() for identifier in values})

    @property
    def shown(self) -> list[Column]:
        """The columns of tables."""
        return [column for column in self.columns if column.shown]

    def write_lists(self, output_dir: Path) -> None:
        """`<COLUMN>.scp` with id and value."""
        for column, values in self.values.items():
            lines = (f"{identifier} {value!r}\n" for identifier, value in sorted(values.items()))
            write_text(output_dir / f"{column}.scp", "".join(lines))

    def write_json(self, path: Path) -> None:
        """`scores.json`: means with intervals, of the set and of its groups, and what has no value and why."""
        document = {
            "files": self.files,
            "confidence": CONFIDENCE,
            "metrics": {
                column.name: _words(self.summary(column)) | {"better": column.better, "unit": column.unit}
                for column in self.columns
            },
            "breakdown": {
                heading: {
                    group: {column.name: _words(self.summary(column, members)) for column in self.columns}
                    for group, members in groups.items()
                }
                for heading, groups in self.groups.items()
            },
            "unavailable": {name: vars(why) for name, why in self.unavailable.items()},
            "without_value": self.notes,
            "errors": self.errors,
        }
        write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _words(summary: Summary) -> dict:
    interval = [summary.mean - summary.margin, summary.mean + summary.margin]
    return {
        "mean": _number(summary.mean),
        "confidence_interval": [_number(edge) for edge in interval],
        "count": summary.count,
        "nan": summary.nan,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON knows no NaN
