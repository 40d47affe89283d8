"""Tables of a ranking, for the terminal, in Markdown and as CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from espnet_plugin.analysis.output import write_table
from espnet_plugin.scoring.ranking import CATEGORIES, DECIMALS, Bounds, Ranking
from espnet_plugin.scoring.table import NOTHING, Rows, number


def overall_rows(ranking: Ranking, published: Mapping[str, str]) -> Rows:
    """One row per system: place, means of the categories, overall, and what was published.

    Args:
        published: system -> overall score as printed, for the systems that have one.
    """
    categories = list(next(iter(ranking.categories.values())))
    rows = [["", "place", *categories, "overall ↓", *(["published"] if published else [])]]
    for system, place in ranking.places.items():
        means = [ranking.categories[system][category] for category in categories] + [ranking.overall[system]]
        row = [system, str(place), *(within(mean, DECIMALS) for mean in means)]
        rows.append(row + ([published.get(system, NOTHING)] if published else []))
    return rows


def category_rows(ranking: Ranking, values: Mapping[str, Mapping[str, float]], category: str) -> Rows:
    """One row per system, each cell `value (rank)`; metrics that do not count have no rank.

    Args:
        values: system -> metric -> value.
    """
    metrics = CATEGORIES[category]
    rows = [[category, *metrics]]
    for system in ranking.places:
        ranks = ranking.ranks[system]
        cells = [number(values[system].get(metric, math.nan), DECIMALS) for metric in metrics]
        rows.append(
            [system]
            + [
                f"{cell} ({within(ranks[metric], 0)})" if metric in ranks else cell
                for metric, cell in zip(metrics, cells)
            ]
        )
    return rows


def within(bounds: Bounds, decimals: int) -> str:
    """A rank or a mean of ranks: `2.12`, `2.12–2.50` between bounds, `≥ 2.12` without an upper one."""
    low = f"{float(bounds.low):.{decimals}f}"
    if bounds.exact:
        return low
    return f"≥ {low}" if bounds.high == math.inf else f"{low}–{float(bounds.high):.{decimals}f}"


def write_csv(path: Path, ranking: Ranking, values: Mapping[str, Mapping[str, float]]) -> None:
    """Write everything in one table, a row per system; an unknown upper bound is an empty cell."""
    rows = []
    for system, place in ranking.places.items():
        row = {"system": system, "place": place, **_columns("overall", ranking.overall[system])}
        for category, bounds in ranking.categories[system].items():
            row |= _columns(category, bounds)
        for metric in (metric for metrics in CATEGORIES.values() for metric in metrics):
            row[metric] = values[system].get(metric, "")
            if metric in ranking.metrics:
                row |= _columns(f"{metric}_rank", ranking.ranks[system][metric])
        rows.append(row)
    write_table(path, rows)


def _columns(name: str, bounds: Bounds) -> dict[str, float | str]:
    high = "" if bounds.high == math.inf else float(bounds.high)
    return {f"{name}_low": float(bounds.low), f"{name}_high": high}
